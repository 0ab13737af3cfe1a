"""A search for a piece of text reads the whole log."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

SEARCH = Client(
    "shop-search",
    2,
    (Script(("select id, at from audit_log where detail like '%{10000000..99999999}x%' limit 20",)),),
    pause_s=0.1,
)
FAULT = Fault(
    asks={"en": ("Everything feels sluggish today",), "zh": ("数据库今天反应很慢，怎么回事",)},
    causes=[Cause(["my-full-scan", "missing-index", "plan-nonsargable", "rows-ratio"], ["audit_log"], ["detail"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'audit_log'", 0.05)],
    also=["cpu-saturation", *(f"{check}:audit_log" for check in ("top-queries", "slow-mean", *SCANS))],
    load=(*DAY, SEARCH),
)
