"""An import writes far more WAL than max_wal_size lets stand: one requested checkpoint after the other."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

IMPORT = Client(
    "importer",
    1,
    (
        Script(
            (
                "update carts set items = items + 1",
                "insert into audit_log (at, actor, action, detail) "
                "select now(), 'import', 'edit', repeat(md5(g::text), 8) from generate_series(1, 20000) g",
            )
        ),
    ),
    pause_s=0.3,
)
FAULT = Fault(
    asks={"en": ("Writes stutter every few seconds",), "zh": ("写入忽快忽慢，磁盘 IO 很高", "检查点很频繁")},
    causes=[Cause(["pg-checkpoint-requested"], [], ["max_wal_size"])],
    numbers=[
        Number("bytes", "select setting::float8 * 1048576 from pg_settings where name = 'max_wal_size'", 0.01),
        Number("count", "select checkpoints_req from pg_stat_bgwriter", 0.3),
    ],
    also=["top-queries", "slow-mean", "cpu-saturation", "pg-dead-tuples:carts", "pg-wal-rate", "query-wal"],
    load=(*DAY, IMPORT),
    settings={"max_wal_size": "64MB", "min_wal_size": "32MB"},
    wait_s=20,
)
