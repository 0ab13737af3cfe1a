"""Two faults at once: temporary tables on disk, and order numbers that run out."""

from faults.fault import Fault
from faults.mariadb import auto_increment_end, temporary_tables
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("Is anything wrong? It feels slow",), "zh": ("帮我看看数据库有什么问题，感觉很慢",)},
    causes=[*temporary_tables.FAULT.causes, *auto_increment_end.FAULT.causes],
    numbers=[*temporary_tables.FAULT.numbers, *auto_increment_end.FAULT.numbers],
    also=[*temporary_tables.FAULT.also],
    load=(*DAY, temporary_tables.REPORT),
    do=auto_increment_end.FAULT.do,
    settings=temporary_tables.FAULT.settings,
)
