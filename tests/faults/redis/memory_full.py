"""The limit is reached, and the policy refuses writes."""

from faults.cache import DAY, grown, info
from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene

WRITER = Client("importer", 1, (Script(("SET import:{1..100000} value",)),), pause_s=0.05)


def do(scene: Scene) -> None:
    scene.run("CONFIG SET maxmemory 0", grown(28, seconds=86400), "CONFIG SET maxmemory 30mb")
    scene.start(WRITER)


FAULT = Fault(
    asks={"en": ("Redis memory is full, keys vanish",), "zh": ("缓存写不进去，一直报错",)},
    causes=[Cause(["rd-memory", "rd-maxmemory-policy", "rd-evictions"], ["noeviction"])],
    numbers=[
        Number("bytes", info("memory", "used_memory"), 0.05),
        Number("ratio", info("memory", "used_memory"), 0.05),
    ],
    also=["rd-evictions", "rd-memory", "rd-maxmemory-policy", "rd-bigkeys"],
    settings={"maxmemory-policy": "noeviction"},
    load=DAY,
    do=do,
    wait_s=1,
    short=True,
)
