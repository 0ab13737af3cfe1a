"""A report keeps one snapshot open, so that purge cannot remove what the busy carts leave behind."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

REPORT = Client(
    "yearly-report",
    1,
    (
        Script(
            (
                "start transaction with consistent snapshot",
                *[step for _ in range(60) for step in ("select count(*) from customers where id < 1000", 2.0)],
            )
        ),
    ),
    once=True,
)
CHURN = Client("cart-sync", 16, (Script(("update carts set items = items + 1 where id = {1..20000}",)),), pause_s=0.012)


def do(scene: Scene) -> None:
    scene.names["pid"] = str(scene.start(REPORT)["yearly-report"][0])
    scene.start(CHURN)


FAULT = Fault(
    asks={
        "en": ("The database gets slower by the hour",),
        "zh": ("数据库越来越慢，磁盘也在涨", "undo 一直在涨", "有没有长时间没提交的事务"),
    },
    causes=[Cause(["my-history-list", "long-transaction", "idle-in-transaction"], ["{pid}"])],
    numbers=[
        Number(
            "seconds",
            "select timestampdiff(second, trx_started, now()) from information_schema.innodb_trx "
            "where trx_mysql_thread_id = {pid}",
        ),
        Number(
            "count", "select count from information_schema.innodb_metrics where name = 'trx_rseg_history_len'", 0.25
        ),
    ],
    also=["my-history-list", "top-queries:carts", "cpu-saturation", "my-redo-capacity"],
    load=DAY,
    do=do,
    wait_s=40,
    settings={"innodb-flush-log-at-trx-commit": "2"},
)
