"""A job took a lock by name and does nothing; the others wait for it."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY, holder

PAGES = Client(
    "invoice-ui",
    4,
    (Script(("select get_lock('invoice_run', 60)", "select release_lock('invoice_run')")),),
    pause_s=0.2,
)


def do(scene: Scene) -> None:
    job = scene.start(holder("invoice-job", "select get_lock('invoice_run', 10)"))
    scene.names["pid"] = str(job["invoice-job"][0])
    scene.start(PAGES)


FAULT = Fault(
    asks={"en": ("Creating an invoice hangs",), "zh": ("开发票一直卡住没反应",)},
    causes=[Cause(["advisory-locks"], ["invoice_run", "{pid}"])],
    numbers=[Number("seconds", "select max(time) from information_schema.processlist where state = 'User lock'", 0.3)],
    load=DAY,
    do=do,
)
