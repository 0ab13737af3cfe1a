"""A maintenance job locked the orders table and went for coffee."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, holder


def do(scene: Scene) -> None:
    held = scene.start(holder("maintenance", "lock tables orders write"))
    scene.names["pid"] = str(held["maintenance"][0])


FAULT = Fault(
    asks={"en": ("Nothing works any more, the site is down",), "zh": ("整个网站都卡住了，是不是连接数不够",)},
    causes=[Cause(["lock-queue-ddl", "blocking-tree", "global-lock"], ["{pid}"], ["orders"])],
    numbers=[
        Number("seconds", "select time from information_schema.processlist where id = {pid}"),
        Number("count", "select count(*) from information_schema.processlist where state like '%metadata lock%'"),
    ],
    load=DAY,
    do=do,
    wait_s=15,
)
