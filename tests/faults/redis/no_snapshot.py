"""Redis holds what nobody else has, without expiry, and nothing of it is ever written to disk."""

from faults.cache import DAY, grown
from faults.fault import Cause, Fault

FAULT = Fault(
    asks={
        "en": ("Is there a backup of the cache?", "Would a power cut lose data?"),
        "zh": ("Redis 有备份吗", "断电会丢数据吗"),
    },
    causes=[Cause(["rd-persistence"], [])],
    also=["backup-evidence"],
    load=DAY,
    do=lambda scene: scene.run("FLUSHALL", grown(120)),
    settings={"save": "", "appendonly": "no", "maxmemory": "400mb", "maxmemory-policy": "noeviction"},
    wait_s=1,
)
