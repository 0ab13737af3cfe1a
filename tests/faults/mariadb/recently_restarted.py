"""The server was started a moment ago."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": (
            "Why were all connections gone for a moment, did it crash?",
            "Which version is it, and since when is it up?",
        ),
        "zh": ("数据库刚才是不是重启过",),
    },
    causes=[Cause(["restart-recent"], [], aside=True)],
    numbers=[
        Number(
            "seconds",
            "select variable_value from information_schema.global_status where variable_name = 'UPTIME'",
            0.1,
        )
    ],
    load=DAY,
)
