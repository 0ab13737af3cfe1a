"""Nothing is wrong, and people ask for one thing after the other."""

from faults.cache import DAY
from faults.fault import Fault

FAULT = Fault(
    asks={
        "en": (
            "Which version is this?", "Are there too many connections?", "Is the replica behind?", "Did it restart?",
            "Is the hit ratio fine?", "Does it use a lot of memory?", "Are there slow commands?",
        ),
        "zh": ("有没有异常", "连接数多吗", "有没有大 key", "CPU 高吗", "参数合理吗"),
    },
    load=DAY,
    settings={"save": "3600 1"},
    wait_s=1,
)  # fmt: skip
