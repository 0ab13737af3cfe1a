"""CREATE INDEX CONCURRENTLY was broken off, and what it left behind serves nobody."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY, SLOW

BROKEN = "update pg_index set indisvalid = false where indexrelid = 'orders_customer_id_idx'::regclass"
FAULT = Fault(
    asks=SLOW,
    causes=[Cause(["invalid-index", "missing-index"], ["orders_customer_id_idx"], ["orders"])],
    numbers=[
        Number("bytes", "select pg_relation_size('orders_customer_id_idx')", 0.05),
        Number("count", "select reltuples from pg_class where relname = 'orders'", 0.03),
    ],
    also=["cpu-saturation", "top-queries:customer_id", "slow-mean:customer_id", "missing-index:customer_id"],
    load=DAY,
    do=lambda scene: scene.run(BROKEN),
)
