"""The nightly report reads a lot, as it should; the machine has room for it and nobody waits."""

from faults.fault import Client, Fault, Script
from faults.shop import DAY, HEALTHY

REPORT = Client(
    "nightly-report",
    1,
    (
        Script(("select product_id, sum(quantity * price) from order_items group by product_id order by 2 desc",)),
        Script(("select status, count(*), avg(total) from orders group by status",)),
    ),
    pause_s=0.6,
)
FAULT = Fault(asks=HEALTHY, load=(*DAY, REPORT))
