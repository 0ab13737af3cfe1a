"""A set that only grows is read as a whole by every request."""

from faults.cache import DAY
from faults.fault import Cause, Client, Fault, Number, Script

FILL = "EVAL \"for i=1,200000 do redis.call('sadd','followers','u'..i) end\" 0"
FEED = Client("feed", 2, (Script(("SMEMBERS followers",)),), pause_s=0.3)
FAULT = Fault(
    asks={"en": ("Redis latency got much worse lately",), "zh": ("接口偶尔超时，怀疑是 redis 延迟高",)},
    causes=[Cause(["rd-bigkeys"], ["followers"])],
    numbers=[Number("count", "SCARD followers", 0.01), Number("bytes", "MEMORY USAGE followers SAMPLES 5", 0.1)],
    also=["rd-slow-commands:smembers", "rd-slowlog:smembers", "rd-latency", "rd-cpu", "rd-memory", "cpu-saturation"],
    load=(*DAY, FEED),
    do=lambda scene: scene.run(FILL, "SLOWLOG RESET"),
    wait_s=3,
)
