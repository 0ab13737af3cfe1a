"""A migration took away what the application may do with a table."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run("reset role", "alter table orders owner to postgres", "revoke all on orders from shop")


FAULT = Fault(
    asks={
        "en": (
            "Since the last deployment every order page shows an error",
            "The app says it may not read a table",
            "Is the database down?",
        ),
        "zh": ("上线之后订单页全部报错", "应用报没有权限"),
    },
    causes=[Cause(["lost-rights", "log-error-rate"], ["orders"])],
    also=["txn-rollback", "log-error-rate"],
    load=DAY,
    do=do,
)
