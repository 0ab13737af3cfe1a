"""A list fetches each customer by itself, hundreds of times a page."""

from faults.fault import Cause, Fault, Number
from faults.postgres.n_plus_one import LIST
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("The customer list takes seconds to load although every query is fast",), "zh": ("客户列表加载很慢",)},
    causes=[Cause(["n-plus-one"], ["customers"])],
    numbers=[
        Number(
            "count",
            "select sum(count_star) from performance_schema.events_statements_summary_by_digest "
            "where digest_text like 'SELECT NAME , `email`%'",
            0.4,
            per_s=True,
        )
    ],
    also=["top-queries:customers", "cpu-saturation"],
    load=(*DAY, LIST),
)
