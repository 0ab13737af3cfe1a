"""The list of large orders reads and sorts a sixth of the table each time; the statement itself is asked about."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.shop import DAY

SQL = "select id, reference, total from orders where status = 'paid' order by total desc, id limit 20"
LIST = Client("shop-sales", 2, (Script((SQL,)),), pause_s=0.1)
FAULT = Fault(
    asks={
        "en": (f"This query got slow: {SQL}", "The sales screen takes seconds to load"),
        "zh": (f"这条 SQL 很慢，内存是不是不够：{SQL}", "销售榜单页面打开很慢"),
    },
    causes=[Cause(["missing-index"], ["orders", "status"], ["total"])],
    numbers=[
        Number("count", "select table_rows from information_schema.tables where table_name = 'orders'", 0.05),
        Number(
            "seconds",
            "select max(avg_timer_wait) / 1e12 from performance_schema.events_statements_summary_by_digest "
            "where digest_text like '%ORDER BY `total` DESC%'",
            0.3,
        ),
    ],
    also=["cpu-saturation", *(f"{check}:total" for check in ("top-queries", "slow-mean", *SCANS, "my-plan-check"))],
    load=(*DAY, LIST),
)
