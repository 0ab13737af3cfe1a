"""The operating system was upgraded beneath the data: its rules sort text in another way than the indexes."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        'create table names (name text collate "en-x-icu" primary key)',
        "insert into names select md5(g::text) from generate_series(1, 5000) g",
        "update pg_collation set collversion = '1.0' where collname = 'en-x-icu'",
    )


FAULT = Fault(
    asks={
        "en": ("A customer is in the list and cannot be found by name", "The same search gives different results"),
        "zh": ("明明有这个客户，按名字却查不到",),
    },
    causes=[Cause(["pg-collation-drift"], ["en-x-icu"])],
    load=DAY,
    do=do,
)
