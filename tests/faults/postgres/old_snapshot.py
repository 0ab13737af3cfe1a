"""A report keeps one snapshot open for long, so that vacuum cannot remove what the cart sync leaves behind."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import CHURN, DAY

REPORT = Client(
    "yearly-report",
    1,
    (
        Script(
            (
                "begin isolation level repeatable read",
                *[step for _ in range(60) for step in ("select count(*) from customers where id < 1000", 2.0)],
            )
        ),
    ),
    once=True,
)


def do(scene: Scene) -> None:
    scene.names["pid"] = str(scene.start(REPORT)["yearly-report"][0])
    scene.start(CHURN)


FAULT = Fault(
    asks={
        "en": ("The basket gets slower and slower", "Why does autovacuum run all the time?"),
        "zh": ("购物车越来越慢，磁盘也在涨", "有没有长时间没提交的事务"),
    },
    causes=[Cause(["xmin-horizon", "long-transaction", "idle-in-transaction"], ["{pid}"], ["carts"])],
    numbers=[
        Number("seconds", "select extract(epoch from now() - xact_start) from pg_stat_activity where pid = {pid}"),
        Number("count", "select n_dead_tup from pg_stat_user_tables where relname = 'carts'", 0.25),
    ],
    also=["top-queries:carts", "slow-mean:carts", "missing-index:carts", "pg-dead-tuples:carts", "cpu-saturation"],
    load=DAY,
    do=do,
    wait_s=35,
    settings={"autovacuum_naptime": "3s"},
)
