"""A worker opens connections and never closes one: hardly a slot is left."""

from faults.cache import DAY
from faults.fault import Cause, Client, Fault, Number, Script

WORKER = Client("worker", 50, (Script(("PING",)),), once=True)
FAULT = Fault(
    asks={
        "en": ("Connections to Redis keep climbing", "The app sometimes gets no connection to the cache"),
        "zh": ("Redis 连接数一直涨", "应用偶尔连不上缓存"),
    },
    causes=[Cause(["conn-usage", "conn-hot-client", "conn-idle-pool", "rd-clients"], [])],
    numbers=[Number("count", "EVAL \"return redis.call('info','clients'):match('connected_clients:(%d+)')\" 0", 0.05)],
    also=["conn-usage", "conn-hot-client", "conn-idle-pool", "rd-clients", "conn-refused"],
    load=(*DAY, WORKER),
    settings={"maxclients": "62"},
    wait_s=3,
)
