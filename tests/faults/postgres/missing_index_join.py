"""The index by which the items of an order are joined was dropped."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Opening an order takes seconds, it used to be instant",),
        "zh": (
            "活跃会话突增",
            "打开订单详情要等很久",
        ),
    },
    causes=[Cause(["missing-index"], ["order_items", "order_id"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'order_items'", 0.03)],
    also=["cpu-saturation", "top-queries:order_items", "slow-mean:order_items", "fk-no-index:order_id"],
    load=DAY,
    do=lambda scene: scene.run("drop index order_items_order_id_idx"),
)
