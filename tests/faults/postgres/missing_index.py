"""The index behind the list of a customer's orders was dropped."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY, SLOW

FAULT = Fault(
    asks={
        "en": (*SLOW["en"], "We need more CPU for this instance, right?"),
        "zh": (*SLOW["zh"], "慢 SQL 越来越多", "哪些 SQL 最耗时"),
    },
    causes=[Cause(["missing-index"], ["orders", "customer_id"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'orders'", 0.03)],
    also=["cpu-saturation", "top-queries:customer_id", "slow-mean:customer_id"],
    load=DAY,
    do=lambda scene: scene.run("drop index orders_customer_id_idx"),
    short=True,
    shell=True,
)
