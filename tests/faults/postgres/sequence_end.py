"""The order numbers are close to the end of their four bytes."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("Is anything wrong?",), "zh": ("下周大促，实例有没有什么隐患", "主键快用完了吗")},
    causes=[Cause(["int-exhaustion"], ["orders", "id"])],
    numbers=[Number("ratio", "select last_value / 2147483647.0 from orders_id_seq", 0.01)],
    load=DAY,
    do=lambda scene: scene.run("select setval('orders_id_seq', 2100000000)"),
)
