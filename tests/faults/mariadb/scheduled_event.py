"""A scheduled event changes every card of another database again and again, and its clients wait for their rows."""

from faults.elsewhere import made
from faults.fault import Cause, Client, Fault, Script
from faults.scene import Scene
from faults.shop import DAY

CLUB = Client(
    "club", 3, (Script(("update loyalty.card set points = points + 1 where id = {1..150000}",)),), pause_s=0.2
)


def do(scene: Scene) -> None:
    made(
        scene,
        "loyalty",
        "create table loyalty.card (id int primary key, points int not null, tier varchar(10))",
        "insert into loyalty.card select seq, seq % 900, 'basic' from seq_1_to_150000",
        "create event loyalty.recalculate on schedule every 1 second do "
        "update loyalty.card set tier = if(points + rand() * 100 > 500, 'gold', 'basic')",
        users=("club",),
    )
    scene.start(CLUB)


FAULT = Fault(
    asks={
        "en": ("Collecting points at the counter is slow, sometimes 2 seconds",),
        "zh": ("积分入账很慢", "最近主机负载很高"),
    },
    causes=[
        Cause(["blocking-tree", "row-lock-waits", "top-queries", "lock-bound-queries"], ["loyalty.card"], says=["tier"])
    ],
    also=[
        "blocking-tree", "row-lock-waits", "cpu-saturation", "long-transaction", "my-redo-capacity",
        *(f"{check}:card" for check in ("top-queries", "slow-mean", "my-full-scan", "lock-bound-queries")),
    ],
    load=DAY,
    do=do,
    settings={"event-scheduler": "ON"},
)  # fmt: skip
