"""Most of a large table was deleted, and its file still has the size it had before."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        "create table imports (id int primary key, raw mediumtext not null)",
        "insert into imports select seq, repeat(md5(seq), 1000) from seq_1_to_50000",
        "delete from imports where id > 3000",
        "set global innodb_max_purge_lag_wait = 0",
    )
    scene.until("select data_free > 1.2e9 from information_schema.tables where table_name = 'imports'", within_s=60)


FAULT = Fault(
    asks={
        "en": ("We deleted old imports, but the disk space never came back", "Which tables are bloated?"),
        "zh": ("删了很多数据，磁盘空间却没有释放", "有没有碎片多的表", "哪些表占空间最大"),
    },
    causes=[Cause(["my-fragmentation"], ["imports"])],
    numbers=[Number("bytes", "select data_free from information_schema.tables where table_name = 'imports'", 0.05)],
    load=DAY,
    do=do,
    settings={"innodb-flush-log-at-trx-commit": "0"},
)
