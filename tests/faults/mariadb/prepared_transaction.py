"""A coordinator prepared its part of a payment and died; the row it changed stays locked."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY, STOCK


def do(scene: Scene) -> None:
    process = Client(
        "payment-hub",
        1,
        (Script(("xa start 'pay-4711'", "update products set stock = stock - 1 where id = 7", "xa end 'pay-4711'",
                 "xa prepare 'pay-4711'")),),
        once=True,
    )  # fmt: skip
    scene.start(process)
    scene.until("select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")
    dead = scene.clients.pop()
    dead.kill()
    dead.communicate()


FAULT = Fault(
    asks={
        "en": ("The app hangs", "Saving the stock hangs since the payment hub was restarted"),
        "zh": ("下单卡住了，杀掉所有会话也没用",),
    },
    causes=[Cause(["prepared-xact"], ["pay-4711"], ["products"])],
    numbers=[
        Number("count", "select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'"),
        Number(
            "seconds",
            "select max(timestampdiff(second, trx_started, now())) from information_schema.innodb_trx "
            "where trx_state = 'RUNNING'",
        ),
    ],
    also=["row-lock-waits", "blocking-tree", "wait-profile", "lock-wait-timeouts"],
    load=(*DAY, STOCK),
    do=do,
    wait_s=15,
)
