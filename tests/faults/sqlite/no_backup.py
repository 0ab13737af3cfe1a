"""Nobody ever made a copy of the file."""

from faults.fault import Cause, Fault
from faults.till import DAY

FAULT = Fault(
    asks={
        "en": ("If the till breaks tonight, what is lost?", "Is there a backup?"),
        "zh": ("数据有备份吗，能恢复吗",),
    },
    causes=[Cause(["sl-backup"], [])],
    load=DAY,
    wait_s=1,
)
