"""Every order counts itself in one row and keeps it locked while it talks to another service."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

COUNT = Client(
    "shop-count",
    8,
    (Script(("begin", "update counters set value = value + 1 where name = 'orders'", 0.06, "commit")),),
    pause_s=0.02,
)
FAULT = Fault(
    asks={"en": ("Throughput dropped and every click takes half a second",), "zh": ("并发一高就很慢，CPU 却不高",)},
    causes=[Cause(["hot-row"], ["counters"])],
    numbers=[Number("count", "select count(*) from pg_stat_activity where application_name = 'shop-count'", 0.3)],
    also=["top-queries:counters", "slow-mean:counters", "wait-profile"],
    load=(*DAY, COUNT),
)
