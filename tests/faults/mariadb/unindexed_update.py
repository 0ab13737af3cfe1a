"""Mails are filed by a ticket's number, which has no index: each of them locks every ticket of another database."""

from faults.elsewhere import made
from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

MAIL = Client(
    "mail-in",
    3,
    (Script(("update helpdesk.ticket set touched = touched + 1 where number = 'T{1..200000}'",)),),
    pause_s=0.1,
)
AGENTS = Client(
    "agent-desk", 3, (Script(("update helpdesk.ticket set state = 'done' where id = {1..200000}",)),), pause_s=0.2
)


def do(scene: Scene) -> None:
    made(
        scene,
        "helpdesk",
        "create table helpdesk.ticket (id int auto_increment primary key, number varchar(16) not null, "
        "state varchar(10), touched int default 0)",
        "insert into helpdesk.ticket (number, state) select concat('T', seq), 'open' from seq_1_to_200000",
        "analyze table helpdesk.ticket",
        users=("mail-in", "agent-desk"),
    )
    scene.start(MAIL, AGENTS)


FAULT = Fault(
    asks={
        "en": ("Agents wait when they close a ticket",),
        "zh": ("工单关闭很慢，有锁吗", "CPU 飙高"),
    },
    causes=[Cause(["missing-index"], ["ticket", "number"])],
    numbers=[Number("count", "select table_rows from information_schema.tables where table_name = 'ticket'", 0.05)],
    also=["cpu-saturation", "my-full-scan:number", "top-queries:number", "slow-mean:number", "rows-ratio:number"],
    load=DAY,
    do=do,
)
