"""A debug switch was left on: a job writes megabytes of notes a second."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

DEBUG = Client(
    "shop-debug",
    1,
    (Script(("insert into debug_notes select g, repeat(md5(g::text), 30) from generate_series(1, 4000) g",)),),
    pause_s=0.3,
)


def do(scene: Scene) -> None:
    scene.run("create table debug_notes (id int, note text)", "grant all on debug_notes to shop")
    scene.start(DEBUG)


FAULT = Fault(
    asks={
        "en": ("The disk suddenly fills up", "Storage exploded overnight, do we have to buy more?"),
        "zh": ("磁盘突然暴涨，是不是要扩容", "空间一下子少了很多，为什么"),
    },
    causes=[Cause(["disk-breakdown"], ["debug_notes"], aside=True)],
    numbers=[
        Number("bytes", "select pg_total_relation_size('debug_notes')", 0.5, per_s=True),
    ],
    also=[
        "disk-breakdown",
        "pg-checkpoint-requested",
        "query-wal:debug_notes",
        "top-queries:debug_notes",
        "pg-wal-rate",
        "pg-wal-dir",
    ],
    load=DAY,
    do=do,
    wait_s=10,
    settings={"max_wal_size": "4GB"},
)
