"""Two faults at once: an index is missing, and a forgotten transaction holds a row."""

from faults.fault import Cause, Fault
from faults.postgres import idle_blocker, missing_index
from faults.scene import Scene
from faults.shop import DAY, STOCK


def do(scene: Scene) -> None:
    scene.run("drop index orders_customer_id_idx")
    idle_blocker.do(scene)


FAULT = Fault(
    asks={"en": ("Everything is slow today, some pages hang",), "zh": ("今天整个系统都很慢，有的页面还卡住",)},
    causes=[
        Cause(["missing-index"], ["orders", "customer_id"]),
        Cause(["idle-in-transaction", "blocking-tree"], ["{pid}"], ["products"]),
    ],
    numbers=[*missing_index.FAULT.numbers, *idle_blocker.FAULT.numbers],
    also=["cpu-saturation", "top-queries:customer_id", "slow-mean:customer_id"],
    load=(*DAY, STOCK),
    do=do,
    wait_s=20,
    short=True,
)
