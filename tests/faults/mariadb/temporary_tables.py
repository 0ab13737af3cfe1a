"""A report groups into temporary tables that do not fit in memory."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

REPORT = Client(
    "margin-report",
    1,
    (Script(("select reference, count(*), sum(total) from orders group by reference order by 3 desc limit 10",)),),
    pause_s=0.3,
)
FAULT = Fault(
    asks={
        "en": ("Slow since the new dashboards went live, are the disks too slow?",),
        "zh": ("磁盘 IO 一直很高，数据库变慢", "临时表很多"),
    },
    causes=[Cause(["query-temp", "my-plan-check"], ["orders", "reference"])],
    numbers=[
        Number(
            "seconds",
            "select max(avg_timer_wait) / 1e12 from performance_schema.events_statements_summary_by_digest "
            "where digest_text like '%GROUP BY `reference`%'",
            0.3,
        )
    ],
    also=[
        "temp-spill",
        "cpu-saturation",
        "top-queries:orders",
        "slow-mean:orders",
        "my-full-scan:orders",
        "rows-ratio:reference",
    ],
    load=(*DAY, REPORT),
    settings={"tmp-table-size": "1M", "max-heap-table-size": "1M"},
)
