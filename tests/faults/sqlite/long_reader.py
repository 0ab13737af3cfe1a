"""A report keeps its cursor open, so that the write-ahead log can only grow."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import holder
from faults.till import DAY, NUMBERS

FILL = NUMBERS.format(10_000) + "insert into photos(data) select randomblob(4000) from n"
CAMERA = Client("camera", 1, (Script((FILL, "delete from photos where id <= (select max(id) - 5000 from photos)")),))


def do(scene: Scene) -> None:
    scene.run("create table photos(id integer primary key, data blob)", FILL)
    reader = scene.start(holder("report", "begin", "select count(*) from receipts", 220.0))
    scene.names["pid"] = str(reader["report"][0])
    scene.start(CAMERA)
    scene.names["wal"] = f"{scene.server.url.partition(':///')[2]}-wal"


FAULT = Fault(
    asks={
        "en": (
            "The disk of the till fills up, how long will it last?",
            "There is a huge -wal file by the database",
        ),
        "zh": ("收银机磁盘快满了，数据库旁边的文件越来越大",),
    },
    causes=[Cause(["sl-wal-size"], ["{pid}"])],
    numbers=[Number("bytes", "select file_size('{wal}')", 0.1)],
    also=["disk-breakdown", "sl-busy"],
    load=DAY,
    do=do,
    wait_s=25,
)
