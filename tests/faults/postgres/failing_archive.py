"""The target of the WAL archive is gone, so nothing may be removed."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        "do $$ begin for i in 1..20 loop perform pg_logical_emit_message(false, 'x', 'x'); "
        "perform pg_switch_wal(); end loop; end $$"
    )
    scene.until("select count(last_failed_wal) from pg_stat_archiver")
    scene.names["wal"] = scene.run("select last_failed_wal from pg_stat_archiver")[0][0]


FAULT = Fault(
    asks={"en": ("The disk fills up and we do not know why",), "zh": ("磁盘空间增长很快，不知道为什么",)},
    causes=[Cause(["pg-archive-failing"], ["{wal}"])],
    numbers=[Number("count", "select failed_count from pg_stat_archiver", 0.3)],
    also=["pg-wal-dir", "disk-breakdown:wal", "pg-archive-lag"],
    load=DAY,
    do=do,
    settings={"archive_mode": "on", "archive_command": "exit 1"},
)
