"""Somebody switched fsync off to make an import quicker."""

from faults.fault import Cause, Fault
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Are our settings right?", "Would we lose data in a power cut?"),
        "zh": ("帮忙检查一下参数配置", "断电会丢数据吗"),
    },
    causes=[Cause(["pg-durability"], [], ["fsync"])],
    also=["pg-config-sanity", "pg-shared-buffers", "backup-evidence", "pg-archiving", "pg-checksums"],
    load=DAY,
    settings={"fsync": "off"},
    wait_s=2,
)
