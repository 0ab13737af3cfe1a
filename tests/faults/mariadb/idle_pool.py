"""A worker opened a pool that it does not use; hardly a slot is left."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

POOL = Client("batch-worker", 31, (Script(("select 1",)),), once=True)
FAULT = Fault(
    asks={
        "en": ("Sometimes the app gets no connection", "Should we raise max_connections?"),
        "zh": ("应用偶尔连不上数据库", "连接数是不是不够用了", "连接数一直涨不释放"),
    },
    causes=[Cause(["conn-idle-pool", "conn-hot-client"], ["batch_worker"])],
    numbers=[Number("count", "select count(*) from information_schema.processlist where user = 'batch_worker'", 0.0)],
    also=["conn-usage", "conn-idle-pool"],
    load=(*DAY, POOL),
    settings={"max-connections": "40"},
)
