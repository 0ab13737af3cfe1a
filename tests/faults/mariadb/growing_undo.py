"""A forgotten snapshot keeps all old versions of what two busy jobs change, and the disk is what people notice."""

from dataclasses import replace

from faults.fault import Client, Number, Script
from faults.mariadb import old_snapshot
from faults.scene import Scene

NOTES = Client(
    "note-sync",
    1,
    (Script(("update orders set note = repeat('{1..9}', 50) where id between {1..140000} and 141000",)),),
    pause_s=0.2,
)


def do(scene: Scene) -> None:
    old_snapshot.do(scene)
    scene.start(NOTES)


FAULT = replace(
    old_snapshot.FAULT,
    asks={
        "en": ("The disk grew very fast since noon, nobody imported anything",),
        "zh": ("磁盘空间突然暴涨，没人导数据",),
    },
    numbers=[*old_snapshot.FAULT.numbers[:1], Number("count", old_snapshot.FAULT.numbers[1].sql, 0.3)],
    do=do,
)
