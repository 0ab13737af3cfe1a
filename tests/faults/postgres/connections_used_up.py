"""A worker opened so many connections that not one is left, and everybody else is refused, dbmedic too."""

from faults.fault import Cause, Client, Fault, Script
from faults.scene import Scene
from faults.shop import DAY

POOL = Client("batch-worker", 32, (Script(("select 1",)),), once=True)


def do(scene: Scene) -> None:
    scene.start(POOL)


FAULT = Fault(
    asks={
        "en": ("Why can nobody log in?", "All logins fail since noon",
               "The app cannot reach the database, is the network down?"),
        "zh": ("为什么没人能登录", "应用连不上数据库，是不是网络问题"),
    },
    causes=[Cause(["conn-usage"], [], ["remaining connection slots", "pg_stat_activity"], aside=True)],
    load=DAY,
    do=do,
    settings={"max_connections": "40"},
    wait_s=2,
)  # fmt: skip
