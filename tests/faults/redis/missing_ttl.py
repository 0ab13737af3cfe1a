"""A new version forgot the expiry: nothing may be evicted, and memory only fills."""

from faults.cache import info
from faults.fault import Cause, Fault, Number

FILL = "EVAL \"for i=1,60000 do redis.call('set','s:'..i,string.rep('x',350)) end\" 0"
FAULT = Fault(
    asks={"en": ("Redis memory keeps climbing, why?",), "zh": ("Redis 内存一直涨，为什么",)},
    causes=[Cause(["rd-no-ttl", "rd-maxmemory-policy", "rd-memory"], [], ["60 000"])],
    numbers=[Number("bytes", info("memory", "used_memory"), 0.05)],
    also=["rd-no-ttl", "rd-memory", "rd-maxmemory-policy"],
    settings={"maxmemory": "40mb", "maxmemory-policy": "volatile-lru"},
    load=(),
    do=lambda scene: scene.run("FLUSHALL", FILL, "CONFIG SET maxmemory 31mb"),
    wait_s=0.5,
)
