"""The only standby died; nobody noticed, and the primary keeps the log for it."""

from faults import standby
from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY

RETAINED = "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) from pg_replication_slots"


def do(scene: Scene) -> None:
    standby.follow(scene, ask=False)
    scene.more.close()
    scene.run(
        "do $$ begin for i in 1..90 loop perform pg_logical_emit_message(false, 'x', 'x'); "
        "perform pg_switch_wal(); end loop; end $$"
    )


FAULT = Fault(
    asks={
        "en": ("Could we lose the primary right now without losing the shop?", "Does replication work?"),
        "zh": ("主库现在挂了，备库能顶上吗", "高可用状态怎么样"),
    },
    causes=[Cause(["slot-retention"], ["standby1"])],
    numbers=[Number("bytes", RETAINED, 0.1)],
    also=["pg-wal-dir", "replica-presence", "slot-unbounded", "dr-summary"],
    load=DAY,
    do=do,
    wait_s=3,
)
