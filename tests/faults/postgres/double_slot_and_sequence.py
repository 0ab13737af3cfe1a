"""Two faults at once: a forgotten slot keeps WAL, and the order numbers run out."""

from faults.fault import Fault
from faults.postgres import abandoned_slot, sequence_end
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    abandoned_slot.do(scene)
    scene.run("select setval('orders_id_seq', 2100000000)")


FAULT = Fault(
    asks={"en": ("Is anything wrong?",), "zh": ("帮我巡检一下，有没有问题",)},
    causes=[*abandoned_slot.FAULT.causes, *sequence_end.FAULT.causes],
    numbers=[*abandoned_slot.FAULT.numbers, *sequence_end.FAULT.numbers],
    also=[*abandoned_slot.FAULT.also],
    load=DAY,
    do=do,
)
