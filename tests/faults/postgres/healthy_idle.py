"""Nothing is wrong, and nobody is there."""

from faults.fault import Fault
from faults.shop import HEALTHY

FAULT = Fault(asks=HEALTHY)
