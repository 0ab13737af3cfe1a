"""Two faults at once: an index is missing, and a forgotten transaction holds a row."""

from faults.fault import Fault
from faults.mariadb import idle_blocker, missing_index
from faults.scene import Scene
from faults.shop import DAY, STOCK


def do(scene: Scene) -> None:
    scene.run("drop index orders_customer_id_idx on orders")
    idle_blocker.do(scene)


FAULT = Fault(
    asks={"en": ("Everything is slow today, some pages hang",), "zh": ("今天整个系统都很慢，有的页面还卡住",)},
    causes=[*missing_index.FAULT.causes, *idle_blocker.FAULT.causes],
    numbers=[*missing_index.FAULT.numbers, *idle_blocker.FAULT.numbers],
    also=[*missing_index.FAULT.also, *idle_blocker.FAULT.also],
    load=(*DAY, STOCK),
    do=do,
    wait_s=20,
)
