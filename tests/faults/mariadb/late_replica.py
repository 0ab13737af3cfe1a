"""The source changes rows of a table without a key: its replica searches all of it for each of them."""

from faults.fault import Cause, Fault, Number
from faults.mariadb.stopped_replica import READERS
from faults.scene import Scene
from faults.source import SETTINGS, source_of


def do(scene: Scene) -> None:
    source = source_of(
        scene,
        "create table visits (at datetime not null, page int not null, seen int not null)",
        "insert into visits select now(), seq, 0 from seq_1_to_60000",
        "create table refunds (id int auto_increment primary key, order_id int not null)",
    )
    source.run("update visits set seen = 1 where page > 50000")


FAULT = Fault(
    asks={
        "en": ("The replica lags more and more, is the network to blame?",),
        "zh": ("只读实例的数据越来越旧，主从延迟很大", "备库延迟，是不是网络问题"),
    },
    causes=[Cause(["repl-lag-cause"], ["shop.visits"])],
    numbers=[
        Number(
            "seconds",
            "select timestampdiff(second, min(trx_started), now()) from information_schema.innodb_trx "
            "where trx_query is null or trx_rows_modified > 0",
            0.5,
        ),
    ],
    also=["repl-lag", "no-primary-key:visits", "my-repl-workers", "long-transaction"],
    load=(READERS,),
    do=do,
    settings=SETTINGS,
    wait_s=45,
)
