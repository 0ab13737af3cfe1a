"""A coordinator died between prepare and commit; its transaction holds a row that others want."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY, STOCK, holder


def do(scene: Scene) -> None:
    change = "update products set stock = stock - 1 where id = 7"
    scene.start(holder("payments", "begin", change, "prepare transaction 'pay-4711'"))


FAULT = Fault(
    asks={"en": ("The app hangs",), "zh": ("更新库存一直卡住",)},
    causes=[Cause(["prepared-xact", "blocking-tree"], ["pay-4711"])],
    numbers=[
        Number("seconds", "select extract(epoch from now() - prepared) from pg_prepared_xacts"),
        Number("count", "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"),
    ],
    load=(*DAY, STOCK),
    do=do,
    wait_s=20,
)
