"""Vacuum on the primary cancels the reports on the standby again and again."""

import threading
import time

from faults import standby
from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import CHURN, DAY

REPORT = "select count(*) from carts a, carts b where a.id % 700 = b.id % 700 and a.items >= 0"


def do(scene: Scene) -> None:
    there = standby.follow(scene, {"max_standby_streaming_delay": "200ms"})
    scene.start(CHURN)
    end = threading.Event()
    scene.more.callback(end.set)

    def report() -> None:
        import psycopg

        while not end.is_set():
            try:
                there.run("set default_transaction_isolation = 'repeatable read'", REPORT, database="shop")
            except psycopg.Error:
                time.sleep(0.1)

    def vacuum() -> None:
        while not end.wait(0.7):
            scene.run("vacuum carts")

    for work in (report, report, vacuum):
        threading.Thread(target=work, daemon=True).start()


FAULT = Fault(
    asks={
        "en": ("Our reports abort at random", "Queries on the standby get cancelled all the time"),
        "zh": ("备库上的报表查询老是被取消", "报表经常报错中断"),
    },
    causes=[Cause(["standby-conflicts"], ["shop"])],
    also=["repl-lag", "repl-lag-cause", "top-queries", "slow-mean", "cpu-saturation", "txn-rollback"],
    load=DAY,
    do=do,
    wait_s=12,
)
