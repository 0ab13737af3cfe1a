"""Each deleted order searches all items for its number, because the foreign key has no index."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import ITEMS_OF_ORDER, WEB

CLEANUP = Client("cleanup", 1, (Script(("delete from orders where id = {1..300000}",)),), pause_s=0.15)
VISITORS = Client("shop-web", 4, [script for script in WEB.scripts if ITEMS_OF_ORDER not in script.steps], 0.08)
FAULT = Fault(
    asks={"en": ("Our nightly cleanup is far too slow",), "zh": ("清理历史订单的任务删除很慢",)},
    causes=[Cause(["fk-no-index", "missing-index"], ["order_items", "order_id"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'order_items'", 0.03)],
    also=["top-queries:orders", "slow-mean:orders", "cpu-saturation"],
    load=(VISITORS, CLEANUP),
    do=lambda scene: scene.run("drop index order_items_order_id_idx"),
)
