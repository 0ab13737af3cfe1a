"""Two tables of another database have different character sets, and a join of them reads one whole."""

from faults.elsewhere import made
from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

VISITS = Client(
    "crm-app",
    2,
    (
        Script(
            (
                "select v.id, c.title from crm.visit v join crm.contact c on c.code = v.contact_code "
                "where v.day = date('2025-01-01' + interval {1..300} day)",
            )
        ),
    ),
    pause_s=0.1,
)


def do(scene: Scene) -> None:
    made(
        scene,
        "crm",
        "create table crm.contact (code varchar(20) primary key, title varchar(50)) character set latin1",
        "create table crm.visit (id int auto_increment primary key, contact_code varchar(20) not null, day date, "
        "key (day)) character set utf8mb4",
        "insert into crm.contact select concat('C', seq), concat('Contact ', seq) from seq_1_to_60000",
        "insert into crm.visit (contact_code, day) select concat('C', 1 + (seq * 7919) % 60000), "
        "'2025-01-01' + interval seq % 365 day from seq_1_to_60000",
        "analyze table crm.contact, crm.visit",
        users=("crm-app",),
    )
    scene.start(VISITS)


FAULT = Fault(
    asks={
        "en": ("The visit planner crawls since the new release",),
        "zh": ("拜访计划页面慢得不行，是不是该加 CPU",),
    },
    causes=[Cause(["my-implicit-conversion", "my-charset-mix"], ["contact", "code"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'contact'", 0.08)],
    also=[
        "cpu-saturation",
        *(f"{check}:contact" for check in ("top-queries", "slow-mean", "my-full-scan", "rows-ratio")),
    ],
    load=DAY,
    do=do,
)
