"""Two faults at once: autovacuum is off for the carts, and a report spills to disk."""

from faults.fault import Fault
from faults.postgres import autovacuum_off, temp_spill
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("Is anything wrong? It feels slow",), "zh": ("数据库越来越慢，帮忙看看有什么问题",)},
    causes=[*autovacuum_off.FAULT.causes, *temp_spill.FAULT.causes],
    numbers=[*autovacuum_off.FAULT.numbers, *temp_spill.FAULT.numbers],
    also=[*autovacuum_off.FAULT.also, *temp_spill.FAULT.also],
    load=(*DAY, temp_spill.REPORT),
    do=autovacuum_off.do,
    settings=temp_spill.FAULT.settings,
)
