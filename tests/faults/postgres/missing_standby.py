"""Commits wait for a synchronous standby that is gone."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("alter system set synchronous_standby_names = 'replica1'", "select pg_reload_conf()")


FAULT = Fault(
    asks={"en": ("Saving an order never finishes", "The app hangs"), "zh": ("下单一直转圈，提交不了",)},
    causes=[Cause(["sync-standby-risk"], ["replica1"])],
    numbers=[
        Number(
            "seconds",
            "select max(extract(epoch from now() - state_change)) from pg_stat_activity where wait_event = 'SyncRep'",
            0.2,
        ),
        Number("count", "select count(*) from pg_stat_activity where wait_event = 'SyncRep'", 0.0),
    ],
    also=["wait-profile", "commit-latency"],
    load=DAY,
    do=do,
    wait_s=15,
)
