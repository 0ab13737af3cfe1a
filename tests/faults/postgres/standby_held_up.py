"""A report on the standby may hold replay up without end, and the standby falls further and further behind."""

import psycopg

from faults import standby
from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import CHURN, DAY


def do(scene: Scene) -> None:
    there = standby.follow(scene, {"max_standby_streaming_delay": "-1"})
    report = scene.more.enter_context(psycopg.connect(there.at("shop"), application_name="yearly-report"))
    report.execute("set transaction isolation level repeatable read")
    report.execute("select count(*) from carts")
    scene.names["pid"] = str(report.info.backend_pid)
    scene.start(CHURN)
    scene.run("vacuum carts", "vacuum (freeze) carts")


FAULT = Fault(
    asks={
        "en": ("The standby is behind, is the network too slow?", "Reports on the copy miss the latest orders"),
        "zh": ("备库延迟越来越大", "从库数据对不上主库"),
    },
    causes=[Cause(["long-transaction", "idle-in-transaction", "repl-lag-cause", "xmin-horizon"], ["{pid}"])],
    also=["repl-lag", "repl-lag-cause"],
    load=DAY,
    do=do,
    wait_s=40,
)
