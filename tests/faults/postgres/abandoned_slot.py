"""A standby was taken away and its replication slot was not."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("select pg_create_physical_replication_slot('standby_old', true)")
    scene.run(
        "do $$ begin for i in 1..90 loop perform pg_logical_emit_message(false, 'x', 'x'); "
        "perform pg_switch_wal(); end loop; end $$"
    )


FAULT = Fault(
    asks={
        "en": ("Disk usage grows quickly, do we have to expand?", "Is anything wrong?"),
        "zh": ("磁盘空间增长很快，是不是要扩容", "WAL 占了很多空间", "磁盘一夜之间暴涨"),
    },
    causes=[Cause(["slot-retention"], ["standby_old"])],
    numbers=[
        Number(
            "bytes",
            "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) from pg_replication_slots "
            "where slot_name = 'standby_old'",
            0.1,
        )
    ],
    also=["pg-wal-dir", "disk-breakdown:wal"],
    load=DAY,
    do=do,
)
