"""A worker opened so many connections that Redis takes no more, and everybody else is refused, dbmedic too."""

from faults.cache import DAY
from faults.fault import Cause, Client, Fault, Script
from faults.scene import Scene

WORKER = Client("worker", 60, (Script(("PING",)),), once=True)


def do(scene: Scene) -> None:
    used = int(scene.value("EVAL \"return redis.call('info','clients'):match('connected_clients:(%d+)')\" 0"))
    scene.run(f"CONFIG SET maxclients {used + 59}")
    scene.start(WORKER)


FAULT = Fault(
    asks={
        "en": ("Why can nobody connect to the cache?", "The app cannot reach Redis, is the network down?"),
        "zh": ("为什么谁都连不上 Redis", "应用连不上缓存，是不是网络问题"),
    },
    causes=[Cause(["conn-usage"], [], ["max number of clients", "CLIENT LIST"], aside=True)],
    load=DAY,
    do=do,
    wait_s=1,
)
