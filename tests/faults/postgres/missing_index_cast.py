"""A driver sends the order's number as text, and the statement casts the column to compare it."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

API = Client(
    "shop-api", 2, (Script(("select status, total from orders where id::text = '{1..300000}'",)),), pause_s=0.1
)
FAULT = Fault(
    asks={
        "en": ("Our API times out now and then, is it short of memory?",),
        "zh": ("接口响应很慢，是不是内存不够", "建了索引但没走索引"),
    },
    causes=[Cause(["missing-index", "plan-nonsargable"], ["orders", "id"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'orders'", 0.03)],
    also=["cpu-saturation", "top-queries:orders", "slow-mean:orders"],
    load=(*DAY, API),
)
