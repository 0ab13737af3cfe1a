"""A big table has no primary key: nothing is slow yet."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("Is anything wrong?",), "zh": ("我们下个月要加只读副本，实例有没有隐患",)},
    causes=[Cause(["no-primary-key"], ["visits"], aside=True)],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'visits'", 0.05)],
    also=["no-primary-key:visits"],
    load=DAY,
    do=lambda scene: scene.run(
        "create table visits (at datetime not null, page int not null)",
        "insert into visits select now(), seq % 100 from seq_1_to_100000",
        "analyze table visits",
    ),
)
