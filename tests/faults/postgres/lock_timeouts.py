"""The stock is changed with a lock timeout, and a forgotten transaction holds the row."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY, holder

STOCK = Client(
    "shop-stock",
    4,
    (Script(("set lock_timeout = '2s'", "update products set stock = stock - 1 where id = 7")),),
    pause_s=0.2,
)


def do(scene: Scene) -> None:
    held = scene.start(holder("backoffice", "begin", "update products set price = price where id = 7"))
    scene.names["pid"] = str(held["backoffice"][0])


FAULT = Fault(
    asks={
        "en": ("Selling one article fails with a lock timeout", "Saves time out, do we need faster disks?"),
        "zh": ("保存时提示锁超时", "下单偶尔失败，是不是磁盘太慢"),
    },
    causes=[Cause(["idle-in-transaction", "blocking-tree"], ["{pid}"], ["products"])],
    numbers=[
        Number("seconds", "select extract(epoch from now() - xact_start) from pg_stat_activity where pid = {pid}"),
        Number("count", "select count(*) from pg_stat_activity where wait_event_type = 'Lock'", 0.0),
    ],
    also=["lock-wait-timeouts", "txn-rollback", "log-error-rate", "log-timeouts"],
    load=(*DAY, STOCK),
    do=do,
    wait_s=20,
)
