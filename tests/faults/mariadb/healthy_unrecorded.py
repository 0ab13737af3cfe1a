"""Nothing is wrong on an ordinary day, and performance_schema is off, as by default."""

from faults.fault import Fault
from faults.mariadb.missing_index_unrecorded import OFF
from faults.shop import DAY, HEALTHY

FAULT = Fault(asks=HEALTHY, load=DAY, settings=OFF)
