"""The kernel killed one session, so that the whole server recovered in the night."""

import os
import signal
import time

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import WEB, holder


def do(scene: Scene) -> None:
    time.sleep(6)
    pid = scene.start(holder("report", "select 1", "select pg_sleep(100)"))["report"][0]
    os.kill(pid, signal.SIGKILL)
    time.sleep(4)
    scene.start(WEB)


FAULT = Fault(
    asks={
        "en": ("All sessions were cut off a moment ago, why?", "Did the server crash?"),
        "zh": ("刚才所有连接都断了，数据库重启过吗",),
    },
    causes=[Cause(["restart-recent"], [])],
    numbers=[
        Number(
            "seconds",
            "select extract(epoch from now() - backend_start) from pg_stat_activity"
            " where backend_type = 'checkpointer'",
            0.2,
        )
    ],
    also=["log-crash", "log-oom", "log-error-rate"],
    do=do,
    wait_s=3,
)
