"""A job writes more than fits, and sessions are thrown out of the cache."""

from faults.cache import DAY, grown, info
from faults.fault import Cause, Client, Fault, Number, Script

JOB = Client("page-builder", 2, (Script((grown(1, "page{1..100000}"),)),), pause_s=0.1)
FAULT = Fault(
    asks={"en": ("Users are logged out at random, their keys vanish",), "zh": ("key 莫名其妙丢失，用户掉线",)},
    causes=[Cause(["rd-evictions", "rd-memory"], ["allkeys-lru"])],
    numbers=[Number("bytes", info("memory", "used_memory"), 0.1)],
    also=[
        "rd-evictions",
        "rd-memory",
        "rd-hit-rate",
        "rd-cpu",
        "cpu-saturation",
        "rd-slow-commands",
        "rd-slowlog",
        "rd-latency",
    ],
    load=(*DAY, JOB),
    wait_s=6,
)
