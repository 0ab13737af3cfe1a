"""Autovacuum of the carts was tuned so that it never comes: most of the table is dead rows."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("alter table carts set (autovacuum_vacuum_threshold = 100000000)")
    scene.run(*["update carts set items = items + 1"] * 15)


FAULT = Fault(
    asks={"en": ("Is anything wrong?",), "zh": ("实例有没有什么异常", "表膨胀了吗", "删了数据但空间没有释放")},
    causes=[Cause(["pg-dead-tuples", "pg-autovacuum-overdue", "pg-table-bloat"], ["carts"])],
    numbers=[Number("count", "select n_dead_tup from pg_stat_user_tables where relname = 'carts'", 0.1)],
    also=["stale-stats:carts"],
    load=DAY,
    do=do,
)
