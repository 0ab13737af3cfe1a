"""Nothing is wrong: a cache at work."""

from faults.cache import DAY
from faults.fault import Fault

FAULT = Fault(
    asks={"zh": ("缓存很慢,超时",)},
    load=DAY,
    wait_s=1,
    short=True,
)
