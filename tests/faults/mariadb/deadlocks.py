"""Two jobs change the same carts in opposite order."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

CARTS = "update carts set items = items + 1 where id = {}"
THERE = Client("cart-merge", 2, (Script(("begin", CARTS.format(1), 0.1, CARTS.format(2), "commit")),), pause_s=0.1)
BACK = Client("cart-expire", 2, (Script(("begin", CARTS.format(2), 0.1, CARTS.format(1), "commit")),), pause_s=0.1)
FAULT = Fault(
    asks={
        "en": ("Customers see random errors when they save", "The log is full of deadlock messages"),
        "zh": ("保存时偶尔报错，越来越频繁",),
    },
    causes=[Cause(["deadlock-rate", "deadlock-detail"], [], ["carts"])],
    numbers=[
        Number(
            "count",
            "select variable_value from information_schema.global_status where variable_name = 'INNODB_DEADLOCKS'",
            0.3,
        )
    ],
    also=["hot-row:carts", "row-lock-waits", "wait-profile", "slow-mean:carts", "top-queries:carts"],
    load=(*DAY, THERE, BACK),
    wait_s=15,
)
