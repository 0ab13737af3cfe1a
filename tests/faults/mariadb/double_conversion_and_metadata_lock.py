"""Two faults at once: text compared with a number, and a deployment stuck behind an open transaction on the carts."""

from faults.fault import Cause, Fault, Number
from faults.mariadb import implicit_conversion
from faults.scene import Scene
from faults.shop import DAY, holder


def do(scene: Scene) -> None:
    held = scene.start(holder("report-tool", "begin", "select count(*) from carts where id < 1000"))
    scene.names["holder"] = str(held["report-tool"][0])
    scene.start(holder("deploy", "alter table carts add column gift int"))


FAULT = Fault(
    asks={"en": ("The API is slow and the basket hangs",), "zh": ("接口很慢，购物车还卡死",)},
    causes=[
        *implicit_conversion.FAULT.causes,
        Cause(["lock-queue-ddl", "blocking-tree", "idle-in-transaction"], ["{holder}"], ["alter table carts"]),
    ],
    numbers=[
        *implicit_conversion.FAULT.numbers,
        Number("seconds", "select time from information_schema.processlist where id = {holder}"),
    ],
    also=[*implicit_conversion.FAULT.also, "lock-queue-ddl:carts"],
    load=(*DAY, implicit_conversion.API),
    do=do,
    wait_s=15,
)
