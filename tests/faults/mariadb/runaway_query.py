"""An analyst's join without a condition runs on and on."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, holder


def do(scene: Scene) -> None:
    sql = "select count(*) from order_items a, order_items b where a.price < b.price"
    scene.names["pid"] = str(scene.start(holder("notebook", sql))["notebook"][0])


FAULT = Fault(
    asks={"en": ("CPU is high, we probably need more cores",), "zh": ("CPU 一直很高，要不要升级配置",)},
    causes=[Cause(["long-query", "top-queries"], ["{pid}"])],
    numbers=[Number("seconds", "select time from information_schema.processlist where id = {pid}")],
    also=["top-queries:order_items", "cpu-saturation", "my-full-scan:order_items", "long-transaction:{pid}"],
    load=DAY,
    do=do,
    wait_s=30,
)
