"""Nothing of what Redis holds is ever written to disk."""

from faults.cache import DAY
from faults.fault import Cause, Fault

FAULT = Fault(
    asks={
        "en": ("Is there a backup of the cache?", "Would a power cut lose data?"),
        "zh": ("Redis 有备份吗", "断电会丢数据吗"),
    },
    causes=[Cause(["rd-persistence"], [])],
    also=["backup-evidence"],
    load=DAY,
    settings={"save": "", "appendonly": "no", "maxmemory-policy": "noeviction"},
    wait_s=1,
)
