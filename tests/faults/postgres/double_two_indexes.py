"""Two faults at once: two tables lost an index that the pages need."""

from faults.fault import Fault
from faults.postgres import missing_index, missing_index_sort
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("drop index orders_customer_id_idx", "drop index audit_log_actor_idx")


FAULT = Fault(
    asks={"en": ("Several pages got slow after the migration",), "zh": ("迁移之后好几个页面都变慢了",)},
    causes=[*missing_index.FAULT.causes, *missing_index_sort.FAULT.causes],
    numbers=[*missing_index.FAULT.numbers, *missing_index_sort.FAULT.numbers],
    also=[*missing_index.FAULT.also, *missing_index_sort.FAULT.also],
    load=(*DAY, missing_index_sort.HISTORY),
    do=do,
)
