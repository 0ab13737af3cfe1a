"""The replica lost its primary."""

from faults.fault import Cause, Fault

FAULT = Fault(
    asks={"en": ("The replica shows old data, does replication work?",), "zh": ("从库数据是旧的，复制是不是断了",)},
    causes=[Cause(["rd-replication"], ["127.0.0.1:1"])],
    do=lambda scene: scene.run("REPLICAOF 127.0.0.1 1"),
    wait_s=1,
)
