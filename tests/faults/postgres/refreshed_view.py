"""A materialised view is built anew every few seconds, and nobody can read it meanwhile."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

REFRESH = Client(
    "dash-refresh", 1, (Script(("begin", "refresh materialized view sales_by_product", 1.5, "commit")),), pause_s=0.1
)
BOARD = Client("dashboard", 5, (Script(("select * from sales_by_product order by sold desc limit 10",)),), pause_s=0.1)


def do(scene: Scene) -> None:
    scene.run(
        "set role shop",
        "create materialized view sales_by_product as select product_id, sum(quantity * price) as sold "
        "from order_items group by product_id",
    )
    started = scene.start(REFRESH, BOARD)
    scene.names["pid"] = str(started["dash-refresh"][0])


FAULT = Fault(
    asks={"en": ("The dashboard freezes for seconds at a time",), "zh": ("报表看板时不时卡几秒",)},
    causes=[Cause(["blocking-tree"], ["{pid}"], ["sales_by_product"])],
    numbers=[Number("count", "select 5", 0.25)],
    also=["wait-profile:Lock", "top-queries:sales_by_product", "slow-mean:sales_by_product"],
    load=DAY,
    do=do,
)
