"""The visits are kept by the month, and nobody made a partition for this one: each of them is refused."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

VISITS = Client("shop-visits", 2, (Script(("insert into visits values (now(), {1..100})",)),), pause_s=0.1)


def do(scene: Scene) -> None:
    [[days]] = scene.run("select to_days(current_date)")
    scene.run(
        "create table visits (at datetime not null, page int not null) partition by range (to_days(at)) ("
        + ", ".join(f"partition p{n} values less than ({days - back})" for n, back in enumerate((61, 31, 1)))
        + ")",
        "insert into visits select current_date - interval 5 + seq % 50 day, seq % 100 from seq_1_to_30000",
        "analyze table visits",
    )
    scene.start(VISITS)


FAULT = Fault(
    asks={
        "en": ("The app shows errors since midnight", "Inserts fail since this morning"),
        "zh": ("从今天零点开始一直报错，写不进去", "分区表写入失败"),
    },
    causes=[Cause(["partition-future"], ["visits"])],
    numbers=[
        Number("count", "select sum(table_rows) from information_schema.partitions where table_name = 'visits'", 0.05),
        Number("seconds", "select 30 * 86400 as span", 0.05),
    ],
    also=["no-primary-key:visits"],
    load=DAY,
    do=do,
)
