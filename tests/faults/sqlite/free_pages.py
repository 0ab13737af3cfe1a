"""Old receipts were deleted, and the file keeps the room."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.till import DAY, NUMBERS

NOTE = "insert into photos select i, randomblob(4000) from n"


def do(scene: Scene) -> None:
    fill = NUMBERS.format(40_000) + NOTE
    table = "create table photos(id integer primary key, data blob)"
    scene.run(table, fill, "delete from photos", "pragma wal_checkpoint(truncate)")


FAULT = Fault(
    asks={
        "en": ("We deleted all photos and the file is as large as before", "Is the disk full?"),
        "zh": ("删了很多数据，但文件没有变小", "SQLite 文件越来越大"),
    },
    causes=[Cause(["sl-freelist"], [])],
    numbers=[
        Number("bytes", "select freelist_count * 4096 from pragma_freelist_count", 0.05),
        Number("ratio", "select f.freelist_count * 1.0 / p.page_count from pragma_freelist_count f, "
                        "pragma_page_count p", 0.05),
    ],
    also=["sl-wal-size", "disk-breakdown"],
    load=DAY,
    do=do,
    wait_s=1,
)  # fmt: skip
