"""A list fetches each customer by itself, hundreds of times a page."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

LIST = Client(
    "shop-list",
    3,
    (
        Script(
            (
                "select id, customer_id from orders order by id desc limit 100",
                *["select name, email from customers where id = {1..50000}"] * 100,
            )
        ),
    ),
    pause_s=0.01,
)
FAULT = Fault(
    asks={"en": ("The customer list takes seconds to load although every query is fast",), "zh": ("客户列表加载很慢",)},
    causes=[Cause(["n-plus-one"], ["customers"])],
    numbers=[
        Number(
            "count",
            "select sum(calls) from pg_stat_statements where query like 'select name, email %'",
            0.4,
            per_s=True,
        )
    ],
    also=["top-queries:customers", "cpu-saturation"],
    load=(*DAY, LIST),
)
