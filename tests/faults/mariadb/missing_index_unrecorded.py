"""The index behind the list of a customer's orders was dropped, and performance_schema is off, as by default."""

from faults.fault import Cause, Fault, Number
from faults.mariadb import missing_index
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY, SLOW

OFF = {"performance-schema": "OFF"}
FAULT = Fault(
    asks=SLOW,
    causes=[Cause(["missing-index", "my-full-scan"], ["orders", "customer_id"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'orders'", 0.05)],
    also=["cpu-saturation", *(f"{check}:customer_id" for check in ("top-queries", "slow-mean", *SCANS))],
    load=DAY,
    do=missing_index.FAULT.do,
    settings=OFF,
)
