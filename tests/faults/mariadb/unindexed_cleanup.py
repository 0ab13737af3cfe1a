"""The nightly cleanup looks for old entries by their time, which no index begins with."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

CLEANUP = Client(
    "cleanup",
    2,
    (Script(("delete from audit_log where at = '2025-06-01' + interval {1..200000} minute",)),),
    pause_s=0.1,
)
FAULT = Fault(
    asks={
        "en": ("Our nightly cleanup is far too slow", "Deleting old entries takes forever, is the disk too slow?"),
        "zh": ("清理历史日志的任务删除很慢",),
    },
    causes=[Cause(["missing-index"], ["audit_log", "at"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'audit_log'", 0.05)],
    also=[
        "cpu-saturation", "row-lock-waits", "hot-row:audit_log", "blocking-tree:audit_log",
        "lock-bound-queries:audit_log",
        *(f"{check}:audit_log" for check in ("top-queries", "slow-mean", *SCANS)),
    ],
    load=(*DAY, CLEANUP),
)  # fmt: skip
