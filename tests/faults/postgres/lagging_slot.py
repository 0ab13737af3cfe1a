"""The search index is fed by a logical slot, and its feeder does not come any more."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("select pg_create_logical_replication_slot('search_feed', 'test_decoding')")
    scene.run(
        "do $$ begin for i in 1..90 loop perform pg_logical_emit_message(false, 'x', 'x'); "
        "perform pg_switch_wal(); end loop; end $$"
    )


FAULT = Fault(
    asks={
        "en": ("The search misses today's orders", "Is replication healthy?"),
        "zh": ("搜索里看不到今天的订单，数据同步是不是断了", "磁盘怎么一直涨"),
    },
    causes=[Cause(["slot-retention"], ["search_feed"])],
    numbers=[
        Number("bytes", "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) from pg_replication_slots", 0.1)
    ],
    also=["pg-wal-dir", "disk-breakdown:wal"],
    load=DAY,
    do=do,
)
