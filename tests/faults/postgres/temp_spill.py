"""A report sorts far more than work_mem holds, again and again."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

REPORT = Client(
    "margin-report",
    1,
    (
        Script(
            (
                "select sum(place) from (select row_number() over (order by price * quantity, id) as place "
                "from order_items) o",
            )
        ),
    ),
    pause_s=0.5,
)
FAULT = Fault(
    asks={
        "en": ("Slow since the new dashboards went live, are the disks too slow?",),
        "zh": ("磁盘 IO 一直很高，数据库变慢", "临时文件很多"),
    },
    causes=[Cause(["query-temp", "plan-sort-spill"], ["order_items"])],
    numbers=[
        Number(
            "bytes",
            "select temp_blks_written * 8192.0 / calls from pg_stat_statements "
            "where query like '%over (order by price%' and calls > 0 order by calls desc limit 1",
            0.1,
        )
    ],
    also=["temp-spill", "top-queries:order_items", "slow-mean:order_items", "cpu-saturation"],
    load=(*DAY, REPORT),
    settings={"max_parallel_workers_per_gather": "0"},
)
