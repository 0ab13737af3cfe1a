"""A dashboard lists all keys again and again."""

from faults.cache import DAY
from faults.fault import Cause, Client, Fault, Number, Script

MORE = "EVAL \"for i=1,100000 do redis.call('set','c:'..i,'x','EX',86400) end\" 0"
DASHBOARD = Client("dashboard", 1, (Script(("KEYS *",)),), pause_s=0.5)
FAULT = Fault(
    asks={"en": ("The cache is slow, requests time out",), "zh": ("缓存很慢,超时",)},
    causes=[Cause(["rd-slow-commands", "rd-slowlog"], ["keys"])],
    numbers=[
        Number(
            "seconds",
            "EVAL \"local l = redis.call('slowlog','get',1) return l[1] and tostring(l[1][3] / 1000000) or '0'\" 0",
            0.9,
        )
    ],
    also=["rd-slow-commands:keys", "rd-slowlog:keys", "rd-latency", "rd-cpu", "cpu-saturation", "rd-slowlog:eval"],
    load=(*DAY, DASHBOARD),
    do=lambda scene: scene.run(MORE, "SLOWLOG RESET"),
    wait_s=3,
)
