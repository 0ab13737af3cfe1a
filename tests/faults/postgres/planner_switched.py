"""Somebody switched index scans off while looking for something, for the whole server, and forgot it."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        "alter system set enable_indexscan = off",
        "alter system set enable_bitmapscan = off",
        "alter system set enable_indexonlyscan = off",
        "select pg_reload_conf()",
    )


FAULT = Fault(
    asks={
        "en": ("This page was fast yesterday and is slow today", "Are our settings right for this machine?"),
        "zh": ("昨天还很快，今天所有查询都变慢了", "执行计划变了吗", "参数配置合理吗"),
    },
    causes=[Cause(["pg-planner-off"], ["enable_indexscan"])],
    also=[
        "pg-planner-off",
        "top-queries",
        "rows-ratio",
        "slow-mean",
        "cpu-saturation",
        "missing-index",
        "plan-seqscan",
    ],
    load=DAY,
    do=do,
)
