"""Nothing is wrong on an ordinary day."""

from faults.fault import Fault
from faults.shop import DAY, HEALTHY

FAULT = Fault(asks=HEALTHY, load=DAY, short=True)
