"""A worker holds nearly all connections: the last free one comes and goes, and logins fail again and again."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

POOL = Client("batch-worker", 29, (Script(("select 1",)),), once=True)
FAULT = Fault(
    asks={
        "en": ("Why can nobody log in?", "Most logins fail since noon, is the password wrong?"),
        "zh": ("为什么大家都登录不了", "用户登不上，是不是密码过期了"),
    },
    causes=[Cause(["conn-idle-pool", "conn-hot-client"], ["batch-worker"])],
    numbers=[Number("count", "select count(*) from pg_stat_activity where application_name = 'batch-worker'", 0.0)],
    also=["conn-usage", "conn-idle-pool", "conn-refused"],
    load=(*DAY, POOL),
    settings={"max_connections": "43"},
    wait_s=3,
)
