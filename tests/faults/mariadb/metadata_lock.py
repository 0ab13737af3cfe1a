"""A deployment alters the orders table while a report has read it in an open transaction: all traffic queues."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, holder


def do(scene: Scene) -> None:
    held = scene.start(holder("report-tool", "begin", "select count(*) from orders where id < 1000"))
    scene.names["holder"] = str(held["report-tool"][0])
    scene.start(holder("deploy", "alter table orders add column gift int"))


FAULT = Fault(
    asks={
        "en": ("The site is completely frozen", "Is anything wrong?"),
        "zh": ("网站打不开了，数据库卡死", "加字段卡住了"),
    },
    causes=[
        Cause(
            ["lock-queue-ddl", "blocking-tree", "idle-in-transaction"], ["{holder}"], ["orders", "alter table orders"]
        )
    ],
    numbers=[
        Number("seconds", "select time from information_schema.processlist where id = {holder}"),
        Number("count", "select count(*) from information_schema.processlist where state like '%metadata lock%'"),
    ],
    also=["lock-queue-ddl:orders"],
    load=DAY,
    do=do,
    wait_s=15,
)
