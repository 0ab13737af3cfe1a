"""The index by which the items of an order are joined was dropped."""

from faults.fault import Cause, Fault, Number
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("Opening an order takes seconds, it used to be instant",), "zh": ("打开订单详情要等很久",)},
    causes=[Cause(["missing-index"], ["order_items", "order_id"])],
    numbers=[
        Number("count", "select table_rows from information_schema.tables where table_name = 'order_items'", 0.05)
    ],
    also=["cpu-saturation", *(f"{check}:order_items" for check in ("top-queries", "slow-mean", *SCANS))],
    load=DAY,
    do=lambda scene: scene.run("drop index order_items_order_id_idx on order_items"),
)
