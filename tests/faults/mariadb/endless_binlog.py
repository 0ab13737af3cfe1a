"""Binary logs are kept for ever, and a job writes them full; nothing is slow yet."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

SYNC = Client("price-sync", 1, (Script(("update products set stock = stock + 1",)),), pause_s=0.1)
FAULT = Fault(
    asks={
        "en": ("The binlogs take more and more space",),
        "zh": ("binlog 占了很多空间，要不要扩容磁盘",),
    },
    causes=[Cause(["my-binlog-retention"], [], ["binlog_expire_logs_seconds"], aside=True)],
    numbers=[
        Number(
            "bytes",
            "select variable_value from information_schema.global_status where variable_name = 'BINLOG_BYTES_WRITTEN'",
            0.3,
        )
    ],
    load=(*DAY, SYNC),
    settings={"log-bin": "bin", "server-id": "7", "binlog-format": "ROW", "sync-binlog": "1"},
    wait_s=20,
)
