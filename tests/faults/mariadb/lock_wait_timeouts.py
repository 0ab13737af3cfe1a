"""Statements give up after two seconds, because a forgotten transaction holds the row they want."""

from faults.fault import Cause, Fault, Number
from faults.mariadb.idle_blocker import do
from faults.shop import DAY, STOCK

FAULT = Fault(
    asks={
        "en": ("Saving the stock fails with a timeout again and again",),
        "zh": ("保存库存总是超时失败", "报错 Lock wait timeout exceeded"),
    },
    causes=[Cause(["idle-in-transaction", "blocking-tree"], ["{pid}"], ["products"])],
    numbers=[
        Number("seconds", "select time from information_schema.processlist where id = {pid}"),
        Number("count", "select count from information_schema.innodb_metrics where name = 'lock_timeouts'", 0.3),
    ],
    also=["row-lock-waits", "lock-wait-timeouts"],
    load=(*DAY, STOCK),
    do=do,
    wait_s=20,
    settings={"innodb-lock-wait-timeout": "2"},
)
