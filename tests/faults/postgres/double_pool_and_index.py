"""Two faults at once: an idle pool takes the slots, and an index is missing."""

from faults.fault import Fault
from faults.postgres import idle_pool, missing_index
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("The shop is slow and sometimes cannot connect",), "zh": ("系统很慢，还经常连不上",)},
    causes=[*idle_pool.FAULT.causes, *missing_index.FAULT.causes],
    numbers=[*idle_pool.FAULT.numbers, *missing_index.FAULT.numbers],
    also=[*idle_pool.FAULT.also, *missing_index.FAULT.also],
    load=(*DAY, idle_pool.POOL),
    do=missing_index.FAULT.do,
    settings=idle_pool.FAULT.settings,
)
