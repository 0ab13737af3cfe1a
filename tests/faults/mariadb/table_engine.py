"""The counters are kept in a MyISAM table: each write locks all of it."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.scene import Scene
from faults.shop import DAY

COUNT = Client(
    "shop-pages",
    6,
    (Script(("update page_hits set hits = hits + 1 where page % 100 = {0..99}",)),),
    pause_s=0.01,
)


def do(scene: Scene) -> None:
    scene.run(
        "create table page_hits (page int primary key, hits int not null) engine = MyISAM",
        "insert into page_hits select seq, 0 from seq_1_to_300000",
    )
    scene.start(COUNT)


FAULT = Fault(
    asks={
        "en": ("Pages are slow when many visitors are there",),
        "zh": ("访问一多页面就卡，CPU 不够吗", "活跃会话突然变多"),
    },
    causes=[Cause(["my-table-locks", "my-non-innodb"], ["page_hits"])],
    numbers=[
        Number(
            "count",
            "select variable_value from information_schema.global_status where variable_name = 'TABLE_LOCKS_WAITED'",
            0.4,
            per_s=True,
        ),
        Number("count", "select table_rows from information_schema.tables where table_name = 'page_hits'", 0.05),
    ],
    also=[
        "cpu-saturation", "wait-profile", "active-sessions", "my-non-innodb:page_hits", "lock-bound-queries:page_hits",
        *(f"{check}:page_hits" for check in ("top-queries", "slow-mean", *SCANS)),
    ],
    load=DAY,
    do=do,
)  # fmt: skip
