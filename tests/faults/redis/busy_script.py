"""A job runs a long script again and again, and Redis has one thread."""

from faults.cache import DAY
from faults.fault import Cause, Client, Fault, Script

LOOP = 'EVAL "local n = 0 for i=1,4000000 do n = n + i % 7 end return n" 0'
JOB = Client("ranking", 1, (Script((LOOP,)),), pause_s=0.05)
FAULT = Fault(
    asks={
        "en": ("CPU of the cache server is high, we need a bigger machine", "Requests to Redis stall"),
        "zh": ("Redis CPU 很高，是不是要升级配置", "缓存请求一直卡住"),
    },
    causes=[Cause(["rd-slow-commands", "rd-slowlog"], ["eval"])],
    also=["rd-slow-commands:eval", "rd-slowlog:eval", "rd-latency", "rd-cpu", "cpu-saturation"],
    load=(*DAY, JOB),
    wait_s=4,
)
