"""Two faults at once: the limit is reached with writes refused, and a dashboard lists all keys."""

from faults.cache import DAY
from faults.fault import Fault
from faults.redis import memory_full, slow_command
from faults.scene import Scene


def do(scene: Scene) -> None:
    scene.run(slow_command.MORE)
    memory_full.do(scene)
    scene.run("CONFIG SET maxmemory 34mb", "SLOWLOG RESET")


FAULT = Fault(
    asks={"en": ("The cache is slow and writes fail",), "zh": ("缓存又慢又写不进去",)},
    causes=[*memory_full.FAULT.causes, *slow_command.FAULT.causes],
    numbers=[*memory_full.FAULT.numbers],
    also=[*memory_full.FAULT.also, *slow_command.FAULT.also],
    settings=memory_full.FAULT.settings,
    load=(*DAY, slow_command.DASHBOARD),
    do=do,
    wait_s=4,
)
