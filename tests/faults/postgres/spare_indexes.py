"""The orders carry an index twice and one that nobody uses."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        "create index orders_customer_again_idx on orders (customer_id, created_at)",
        "create index orders_note_idx on orders (note)",
    )


FAULT = Fault(
    asks={
        "en": ("Which indexes can be dropped?", "Writing orders is slow, do we have too many indexes?"),
        "zh": ("哪些索引可以删除", "有没有多余的索引"),
    },
    causes=[Cause(["duplicate-index"], ["orders_customer_again_idx"])],
    also=["unused-index", "duplicate-index"],
    load=DAY,
    do=do,
    wait_s=3,
)
