"""Each request opens a connection of its own, and the server keeps no thread for the next."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

REQUESTS = Client(
    "php-fpm", 6, (Script(("select name from customers where id = {1..50000}",)),), pause_s=0.03, reconnects=True
)
FAULT = Fault(
    asks={
        "en": ("API latency got worse after the PHP upgrade, every query is fast when I try it",),
        "zh": ("接口延迟变高，但单条 SQL 都不慢",),
    },
    causes=[Cause(["conn-churn"], ["php_fpm"])],
    numbers=[
        Number(
            "count",
            "select variable_value from information_schema.global_status where variable_name = 'CONNECTIONS'",
            0.3,
            per_s=True,
        )
    ],
    also=["cpu-saturation"],
    load=(*DAY, REQUESTS),
    settings={"thread-cache-size": "0"},
)
