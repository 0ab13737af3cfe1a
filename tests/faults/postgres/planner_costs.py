"""Somebody made reading pages at random so expensive to the planner that it uses no index."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("The customer page got slow, but nobody changed the code",),
        "zh": ("昨天有人调过参数之后很慢",),
    },
    causes=[Cause(["pg-planner-off"], ["random_page_cost"])],
    numbers=[Number("count", "select setting::float8 from pg_settings where name = 'random_page_cost'", 0.01)],
    also=["pg-shared-buffers", "cpu-saturation"],
    load=DAY,
    settings={"random_page_cost": "3000"},
)
