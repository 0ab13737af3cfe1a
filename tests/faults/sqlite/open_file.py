"""The file was copied by hand, and everybody on the machine may write it."""

from pathlib import Path

from faults.fault import Cause, Fault
from faults.till import DAY

FAULT = Fault(
    asks={"en": ("Could a stranger change our receipts?",), "zh": ("这个数据库安全吗",)},
    causes=[Cause(["sl-file-perms"], ["till.db"])],
    also=["sl-backup"],
    load=DAY,
    do=lambda scene: Path(scene.server.url.partition(":///")[2]).chmod(0o666),
    wait_s=1,
)
