"""Somebody paused replay on the standby for maintenance and forgot it."""

import time

from faults import standby
from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import CHURN, DAY


def do(scene: Scene) -> None:
    there = standby.follow(scene)
    there.run("select pg_wal_replay_pause()")
    scene.start(CHURN)
    time.sleep(5)


FAULT = Fault(
    asks={
        "en": ("The reporting copy shows old numbers", "An order that was just placed cannot be found here"),
        "zh": ("只读库的数据不是最新的", "备库查到的数据是旧的，是不是网络慢"),
    },
    causes=[Cause(["replay-paused"], [])],
    also=["repl-lag", "repl-lag-cause"],
    load=DAY,
    do=do,
)
