"""A report spills to disk, and runs so long that no window sees one of its executions begin and end."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

REPORT = Client(
    "margin-report",
    2,
    (
        Script(
            (
                "select i.order_id, i.price, count(*), sum(o.total), max(o.note), min(o.reference) from order_items i "
                "join orders o on o.id = i.order_id where i.id < 200000 "
                "group by i.order_id, i.price order by 4 desc limit 10",
            )
        ),
    ),
    pause_s=0.2,
)
FAULT = Fault(
    asks={
        "en": ("Slow since the new dashboards went live, are the disks too slow?",),
        "zh": ("临时表很多", "磁盘 IO 很高"),
    },
    causes=[Cause(["query-temp", "my-plan-check"], ["order_items"])],
    numbers=[
        Number(
            "seconds",
            "select max(avg_timer_wait) / 1e12 from performance_schema.events_statements_summary_by_digest "
            "where digest_text like '%`order_items`%GROUP BY%'",
            0.3,
        )
    ],
    also=[
        "temp-spill", "cpu-saturation", "long-query",
        *(f"{check}:order_items" for check in ("top-queries", "slow-mean", "my-full-scan", "rows-ratio")),
    ],
    load=(*DAY, REPORT),
    settings={"tmp-table-size": "1M", "max-heap-table-size": "1M"},
    wait_s=30,
)  # fmt: skip
