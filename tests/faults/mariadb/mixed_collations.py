"""A partner's table was made in another character set: its join with the orders converts each row."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.mariadb.missing_index import SCANS
from faults.scene import Scene
from faults.shop import DAY

JOIN = Client(
    "partner-portal",
    2,
    (Script(("select p.id, s.state from parcels p join shipped s on s.parcel = p.parcel where p.id = {1..40000}",)),),
    pause_s=0.1,
)


def do(scene: Scene) -> None:
    scene.run(
        "create table parcels (id int primary key, parcel varchar(20) not null) character set utf8mb4",
        "create table shipped (parcel varchar(20) primary key, state varchar(10) not null) character set latin1",
        "insert into parcels select seq, concat('P', seq) from seq_1_to_40000",
        "insert into shipped select concat('P', seq), 'sent' from seq_1_to_40000",
        "analyze table parcels, shipped",
    )
    scene.start(JOIN)


FAULT = Fault(
    asks={
        "en": ("The partner portal is slow, do we need a bigger machine?",),
        "zh": ("合作方页面查询很慢",),
    },
    causes=[Cause(["my-implicit-conversion", "my-charset-mix"], ["shipped", "parcel"], ["utf8mb4"])],
    numbers=[
        Number(
            "seconds",
            "select avg_timer_wait / 1e12 from performance_schema.events_statements_summary_by_digest "
            "where digest_text like '%JOIN `shipped`%' order by count_star desc limit 1",
            0.4,
        ),
        Number("count", "select table_rows from information_schema.tables where table_name = 'shipped'", 0.05),
    ],
    also=["cpu-saturation", *(f"{check}:shipped" for check in ("top-queries", "slow-mean", "my-plan-check", *SCANS))],
    load=DAY,
    do=do,
)
