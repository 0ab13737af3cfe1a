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
    numbers=[
        Number("seconds", "select extract(epoch from now() - query_start) from pg_stat_activity where pid = {pid}")
    ],
    also=["top-queries:order_items", "cpu-saturation", "slow-mean:order_items"],
    load=DAY,
    do=do,
    wait_s=30,
    settings={"max_parallel_workers_per_gather": "0"},
)
