"""Somebody wrote a row to the replica, and the source's own row of that number stopped it."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import ITEMS_OF_ORDER, ORDERS_OF_CUSTOMER
from faults.source import SETTINGS, source_of

READERS = Client(
    "shop-report",
    3,
    (Script((ORDERS_OF_CUSTOMER,)), Script((ITEMS_OF_ORDER,)), Script(("select count(*) from refunds",))),
)
WRITER = Client("shop-pay", 1, (Script(("insert into refunds (order_id) values ({1..300000})",)),), pause_s=0.2)


def do(scene: Scene) -> None:
    table = "create table refunds (id int auto_increment primary key, order_id int not null)"
    source = source_of(scene, table, "insert into refunds (order_id) select seq from seq_1_to_500")
    scene.run("insert into refunds values (530, 1)")
    source.start(WRITER)
    scene.until("select count(*) = 0 from information_schema.processlist where command = 'Slave_SQL'")


FAULT = Fault(
    asks={
        "en": ("The refund of this morning exists, but the reports say not found", "Is the replica behind?"),
        "zh": ("明明有退款记录，报表里却查不到数据", "从库是不是有延迟", "主从同步中断了吗，要不要重启"),
    },
    causes=[Cause(["repl-broken"], ["127.0.0.1", "1062"], ["refunds"])],
    numbers=[Number("count", "select 1062", 0.0)],
    also=["repl-lag", "my-gtid", "replica-writable"],
    load=(READERS,),
    do=do,
    settings=SETTINGS,
)
