"""A backup took the global read lock and forgot to give it back."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, holder


def do(scene: Scene) -> None:
    scene.run("grant reload on *.* to backup_job@'%' identified by 'a password of the tests'")
    held = scene.start(holder("backup-job", "flush tables with read lock"))
    scene.names["pid"] = str(held["backup-job"][0])


FAULT = Fault(
    asks={"en": ("Nobody can save anything",), "zh": ("所有写入都卡住了，查询还正常",)},
    causes=[Cause(["global-lock"], ["{pid}"])],
    numbers=[
        Number("seconds", "select time from information_schema.processlist where id = {pid}"),
        Number("count", "select count(*) from information_schema.processlist where state like '%lock%'"),
    ],
    also=["wait-profile", "active-sessions"],
    load=DAY,
    do=do,
    wait_s=15,
)
