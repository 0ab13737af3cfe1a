"""An import writes far more than the redo log holds, so that pages are flushed in a hurry and writers wait."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

IMPORT = Client(
    "importer",
    2,
    (
        Script(
            (
                "insert into audit_log (at, actor, action, detail) "
                "select now(), concat('import', rand() * 100000), 'edit', repeat(md5(seq), 3) from seq_1_to_4000",
                "update products set stock = stock + 1 where id between {1..4000} and 5000",
            )
        ),
    ),
    pause_s=0.05,
)
FAULT = Fault(
    asks={
        "en": ("Writes stutter every few seconds", "Saving is slow, are the disks broken?"),
        "zh": ("写入忽快忽慢，磁盘 IO 很高", "一到导入就刷脏，写入卡顿"),
    },
    causes=[Cause(["my-redo-capacity"], [], ["innodb_log_file_size"])],
    numbers=[
        Number("bytes", "select @@innodb_log_file_size", 0.01),
        Number(
            "bytes",
            "select variable_value from information_schema.global_status where variable_name = 'INNODB_OS_LOG_WRITTEN'",
            0.4,
            per_s=True,
        ),
    ],
    also=["top-queries", "slow-mean", "cpu-saturation", "my-dirty-flush", "io-latency", "row-lock-waits"],
    load=(*DAY, IMPORT),
    settings={"innodb-log-file-size": "4M"},
    wait_s=15,
)
