"""Small tables are read in full very often, which is the right way to read them."""

from faults.fault import Client, Fault, Script
from faults.shop import DAY, HEALTHY

LOOKUPS = Client(
    "shop-menu",
    3,
    (
        Script(("select id, name from categories where name = 'Category {1..20}'",)),
        Script(("select value from counters where value >= 0",)),
        Script(
            ("select c.name, count(*) from products p join categories c on c.id = p.category_id group by c.name",), 0.1
        ),
    ),
    pause_s=0.02,
)
FAULT = Fault(asks=HEALTHY, load=(*DAY, LOOKUPS))
