"""The index behind the list of a customer's orders was dropped."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY, SLOW

SCANS = ["missing-index", "my-full-scan", "rows-ratio"]
"""Checks that may name a statement that reads a whole table."""
FAULT = Fault(
    asks={
        "en": (*SLOW["en"], "We need more CPU for this instance, right?"),
        "zh": (*SLOW["zh"], "慢 SQL 越来越多", "哪些 SQL 最耗时"),
    },
    causes=[Cause(["missing-index"], ["orders", "customer_id"])],
    numbers=[
        Number("count", "select table_rows from information_schema.tables where table_name = 'orders'", 0.05),
    ],
    also=["cpu-saturation", *(f"{check}:customer_id" for check in ("top-queries", "slow-mean", *SCANS))],
    load=DAY,
    do=lambda scene: scene.run("drop index orders_customer_id_idx on orders"),
    short=True,
)
