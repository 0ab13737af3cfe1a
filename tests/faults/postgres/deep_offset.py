"""A crawler pages through all orders by offset."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

CRAWLER = Client(
    "feed-export", 2, (Script(("select * from orders order by id limit 50 offset {200000..290000}",)),), pause_s=0.1
)
FAULT = Fault(
    asks={"en": ("Something slows the shop down since we opened the feed",), "zh": ("商城变慢了，是不是需要加 CPU",)},
    causes=[Cause(["deep-offset"], ["orders"])],
    numbers=[
        Number("count", "select sum(calls) from pg_stat_statements where query like '%offset%'", 0.4, per_s=True),
        Number("seconds", "select max(mean_exec_time) / 1000 from pg_stat_statements where query like '%offset%'", 0.4),
    ],
    also=["top-queries:offset", "slow-mean:offset", "cpu-saturation"],
    load=(*DAY, CRAWLER),
)
