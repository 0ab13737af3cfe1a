"""An import keeps one write transaction open for minutes, and every till waits for it."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import holder
from faults.till import DAY


def do(scene: Scene) -> None:
    held = scene.start(holder("importer", "begin immediate", "update receipts set note = 'x' where id < 1000", 200.0))
    scene.names["pid"] = str(held["importer"][0])


FAULT = Fault(
    asks={
        "en": ("The app says database is locked", "The till hangs when a receipt is saved", "Is the disk too slow?"),
        "zh": ("应用一直报 database is locked", "收银机保存小票时卡住"),
    },
    causes=[Cause(["sl-busy"], ["{pid}"])],
    also=["sl-settings"],
    load=DAY,
    do=do,
    wait_s=3,
)
