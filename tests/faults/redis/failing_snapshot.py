"""Snapshots cannot be written any more, and Redis refuses writes."""

from faults.cache import DAY
from faults.fault import Cause, Fault
from faults.scene import Scene


def do(scene: Scene) -> None:
    scene.run("CONFIG SET save '3600 1'", "CONFIG SET dir /proc", "SET a 1", "BGSAVE")


FAULT = Fault(
    asks={"en": ("All writes to the cache fail with errors",), "zh": ("缓存写入全部报错",)},
    causes=[Cause(["rd-persistence"], [], ["misconf"])],
    also=["rd-latency"],
    load=DAY,
    do=do,
    wait_s=2,
)
