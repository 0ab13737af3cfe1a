"""A payment left its transaction open after it changed a product's row; the stock counters queue behind it."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, STOCK, holder


def do(scene: Scene) -> None:
    held = scene.start(holder("shop-pay", "begin", "update products set stock = stock - 1 where id = 7"))
    scene.names["pid"] = str(held["shop-pay"][0])


FAULT = Fault(
    asks={
        "en": ("The app hangs", "Checkout is stuck, do we need a bigger machine?"),
        "zh": ("应用卡死了，点了没反应", "下单很慢，是不是内存不够", "谁在锁表"),
    },
    causes=[Cause(["idle-in-transaction", "blocking-tree"], ["{pid}"], ["products"])],
    numbers=[
        Number("seconds", "select extract(epoch from now() - state_change) from pg_stat_activity where pid = {pid}"),
        Number("count", "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"),
    ],
    load=(*DAY, STOCK),
    do=do,
    wait_s=20,
)
