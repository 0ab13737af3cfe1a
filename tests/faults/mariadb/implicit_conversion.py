"""The order's reference is text, and a new client compares it with a number: its index cannot be used."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

API = Client(
    "shop-api", 2, (Script(("select status, total from orders where reference = {7000001..7300000}",)),), pause_s=0.1
)
FAULT = Fault(
    asks={"en": ("Our API times out now and then, is it short of memory?",), "zh": ("接口响应很慢，是不是内存不够",)},
    causes=[Cause(["my-implicit-conversion", "missing-index"], ["orders", "reference"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'orders'", 0.05)],
    also=["cpu-saturation", *(f"{check}:reference" for check in ("top-queries", "slow-mean", *SCANS))],
    load=(*DAY, API),
)
