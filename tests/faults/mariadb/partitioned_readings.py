"""A table of another database is partitioned by time, and gauges ask it by sensor, for which it has no index."""

from faults.elsewhere import made
from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

GAUGES = Client(
    "scada",
    2,
    (Script(("select max(taken), avg(v) from plant_7.reading where sensor = 'S-{1..2999}'",)),),
    pause_s=0.1,
)


def do(scene: Scene) -> None:
    months = ", ".join(f"partition p{m} values less than (to_days('2025-{m + 1:02d}-01'))" for m in range(1, 12))
    made(
        scene,
        "plant_7",
        "create table plant_7.reading (id bigint auto_increment, taken datetime not null, sensor varchar(20) not null, "
        "v double, primary key (id, taken)) partition by range (to_days(taken)) "
        f"({months}, partition later values less than maxvalue)",
        "insert into plant_7.reading (taken, sensor, v) "
        "select '2025-01-01' + interval seq * 2 minute, concat('S-', seq % 3000), seq from seq_1_to_240000",
        "analyze table plant_7.reading",
        users=("scada",),
    )
    scene.start(GAUGES)


FAULT = Fault(
    asks={
        "en": ("The sensor gauges lag",),
        "zh": ("车间看板上传感器数值刷新很慢", "磁盘是不是坏了？数据库慢"),
    },
    causes=[Cause(["missing-index"], ["reading", "sensor"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'reading'", 0.05)],
    also=[
        "cpu-saturation",
        *(f"{check}:reading" for check in ("top-queries", "slow-mean", "my-full-scan", "rows-ratio")),
    ],
    load=DAY,
    do=do,
)
