"""One hash took in what should have been a hundred thousand keys."""

from faults.cache import DAY
from faults.fault import Cause, Fault, Number

FILL = "EVAL \"for i=1,200000 do redis.call('hset','prices','sku'..i,i) end\" 0"
FAULT = Fault(
    asks={
        "en": ("Which keys are too big?", "Which key of the cache takes the most memory?"),
        "zh": ("有没有大 key", "哪些 key 太大了"),
    },
    causes=[Cause(["rd-bigkeys"], ["prices"])],
    numbers=[Number("count", "HLEN prices", 0.01), Number("bytes", "MEMORY USAGE prices SAMPLES 5", 0.1)],
    also=["rd-memory", "rd-slowlog:eval", "rd-slow-commands:eval"],
    load=DAY,
    do=lambda scene: scene.run(FILL, "SLOWLOG RESET"),
    wait_s=1,
)
