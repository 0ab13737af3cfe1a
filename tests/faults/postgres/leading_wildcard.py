"""A search for a piece of text, which no ordinary index can serve."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

SEARCH = Client(
    "shop-search",
    2,
    (Script(("select id, at from audit_log where detail like '%{10000000..99999999}x%' limit 20",)),),
    pause_s=0.1,
)
FAULT = Fault(
    asks={"en": ("Everything feels sluggish today",), "zh": ("数据库今天反应很慢，怎么回事",)},
    causes=[Cause(["missing-index", "plan-nonsargable"], ["audit_log", "detail"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'audit_log'", 0.03)],
    also=["cpu-saturation", "top-queries:detail", "slow-mean:detail"],
    load=(*DAY, SEARCH),
)
