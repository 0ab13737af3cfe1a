"""Somebody switched autovacuum off for the table that changes most."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("alter table carts set (autovacuum_enabled = false)")
    scene.run(*["update carts set items = items + 1"] * 15)


FAULT = Fault(
    asks={"en": ("The database gets slower every day",), "zh": ("数据库一天比一天慢",)},
    causes=[Cause(["pg-autovacuum-off"], ["carts"])],
    numbers=[Number("count", "select n_dead_tup from pg_stat_user_tables where relname = 'carts'", 0.1)],
    also=["pg-dead-tuples:carts", "stale-stats:carts", "pg-table-bloat:carts", "pg-autovacuum-overdue:carts"],
    load=DAY,
    do=do,
)
