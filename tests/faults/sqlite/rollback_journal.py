"""With a rollback journal the writer keeps every reader out, too."""

from faults.fault import Cause, Fault
from faults.sqlite import long_writer
from faults.till import DAY

FAULT = Fault(
    asks={"en": ("The till is slow since the new import runs",), "zh": ("SQLite 一直忙，经常被锁",)},
    causes=[Cause(["sl-busy"], ["{pid}"])],
    also=["sl-settings"],
    load=DAY,
    do=long_writer.do,
    wait_s=3,
    settings={"journal_mode": "delete"},
)
