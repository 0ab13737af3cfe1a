"""The order numbers are close to the end of their four bytes."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Is anything wrong?", "Capacity planning: what runs out first?"),
        "zh": ("下周大促，实例有没有什么隐患", "主键快用完了吗"),
    },
    causes=[Cause(["int-exhaustion"], ["orders", "id"])],
    numbers=[
        Number(
            "ratio",
            "select auto_increment / 2147483647 from information_schema.tables where table_name = 'orders'",
            0.01,
        )
    ],
    load=DAY,
    do=lambda scene: scene.run("alter table orders auto_increment = 2100000000"),
)
