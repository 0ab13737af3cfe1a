"""Nothing is wrong: a till at work."""

from faults.fault import Fault
from faults.till import DAY

FAULT = Fault(
    asks={
        "en": (
            "The till is slow", "Is anything wrong with the database?", "Which tables are the largest?",
            "Which indexes are missing?", "Which version is this?",
        ),
        "zh": ("收银很慢，数据库是不是有问题", "数据库文件多大了", "有没有锁"),
    },
    load=DAY,
    wait_s=2,
)  # fmt: skip
