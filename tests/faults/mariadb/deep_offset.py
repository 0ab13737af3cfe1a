"""A crawler pages through all orders by offset."""

from faults.fault import Cause, Fault, Number
from faults.mariadb.missing_index import SCANS
from faults.postgres.deep_offset import CRAWLER
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Something slows the shop down since we opened the feed",),
        "zh": ("商城变慢了，是不是需要加 CPU", "活跃线程很多"),
    },
    causes=[Cause(["deep-offset"], ["orders"])],
    numbers=[
        Number(
            "seconds",
            "select avg_timer_wait / 1e12 from performance_schema.events_statements_summary_by_digest "
            "where digest_text like '%OFFSET%' order by count_star desc limit 1",
            0.4,
        ),
        Number(
            "count",
            "select sum(count_star) from performance_schema.events_statements_summary_by_digest "
            "where digest_text like '%OFFSET%'",
            0.4,
            per_s=True,
        ),
    ],
    also=["cpu-saturation", *(f"{check}:offset" for check in ("top-queries", "slow-mean", *SCANS))],
    load=(*DAY, CRAWLER),
)
