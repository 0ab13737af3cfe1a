"""Somebody tried out whether an index could go, by having it ignored, and never took that back."""

from faults.fault import Cause, Fault, Number
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("The orders page was fast yesterday and is slow today", "It does not use our index any more"),
        "zh": ("订单页面昨天还快，今天突然变慢", "执行计划变了，要不要加内存", "活跃会话突然飙升"),
    },
    causes=[Cause(["missing-index"], ["orders", "customer_id", "orders_customer_id_idx"], ["NOT IGNORED"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'orders'", 0.05)],
    also=["cpu-saturation", *(f"{check}:customer_id" for check in ("top-queries", "slow-mean", *SCANS))],
    load=DAY,
    do=lambda scene: scene.run("alter table orders alter index orders_customer_id_idx ignored"),
)
