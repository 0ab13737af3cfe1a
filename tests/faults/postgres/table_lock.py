"""A maintenance job locked the orders table and is busy with something else."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, holder


def do(scene: Scene) -> None:
    steps = ("begin", "lock table orders in access exclusive mode", "select pg_sleep(300)")
    scene.names["pid"] = str(scene.start(holder("maintenance", *steps))["maintenance"][0])


FAULT = Fault(
    asks={"en": ("Nothing works any more, the site is down",), "zh": ("整个网站都卡住了，是不是连接数不够",)},
    causes=[Cause(["blocking-tree", "long-query", "long-transaction"], ["{pid}"], ["orders"])],
    numbers=[
        Number("seconds", "select extract(epoch from now() - xact_start) from pg_stat_activity where pid = {pid}"),
        Number("count", "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"),
    ],
    load=DAY,
    do=do,
    wait_s=20,
)
