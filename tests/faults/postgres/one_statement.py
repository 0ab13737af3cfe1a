"""Support looks customers up by their phone number, which no index serves."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

SUPPORT = Client(
    "shop-support", 3, (Script(("select id, name from customers where phone = '130000{10000..60000}'",)),), pause_s=0.05
)
FAULT = Fault(
    asks={
        "en": (
            "Why is this statement slow: select id, name from customers where phone = '13000012345'",
            "One query takes seconds and we do not know which",
        ),
        "zh": (
            "这条 SQL 很慢，帮忙优化：select id, name from customers where phone = '13000012345'",
            "某条语句特别慢",
        ),
    },
    causes=[Cause(["missing-index"], ["customers", "phone"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'customers'", 0.03)],
    also=["cpu-saturation", "top-queries:phone", "slow-mean:phone"],
    load=(*DAY, SUPPORT),
)
