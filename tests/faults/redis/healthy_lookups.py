"""Nothing is wrong: the same cache, asked about its memory and its speed."""

from faults.cache import DAY
from faults.fault import Fault

FAULT = Fault(
    asks={
        "en": ("Is the cache healthy?", "Redis is slow", "Redis memory is full, keys vanish"),
        "zh": ("Redis 内存是不是满了",),
    },
    load=DAY,
    wait_s=1,
)
