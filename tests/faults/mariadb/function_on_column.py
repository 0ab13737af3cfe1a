"""The day view wraps the indexed time of the order in a function."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

VIEW = Client(
    "shop-board",
    2,
    (Script(("select id, total from orders where date(created_at) = date('2025-01-01' + interval {1..200} day)",)),),
    pause_s=0.1,
)
FAULT = Fault(
    asks={
        "en": ("The day view of the board is slow since the last release",),
        "zh": ("看板页面很慢，上次发版之后开始的", "建了索引但没走索引"),
    },
    causes=[Cause(["missing-index", "plan-nonsargable"], ["orders", "created_at"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'orders'", 0.05)],
    also=["cpu-saturation", *(f"{check}:created_at" for check in ("top-queries", "slow-mean", *SCANS))],
    load=(*DAY, VIEW),
)
