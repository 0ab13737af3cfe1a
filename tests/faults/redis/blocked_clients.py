"""Many requests wait for a worker that never answers."""

from faults.cache import DAY
from faults.fault import Cause, Client, Fault, Number, Script

WAITING = Client("checkout", 30, (Script(("BLPOP answers 0",)),), once=True)
FAULT = Fault(
    asks={"en": ("Redis hangs and time outs at checkout",), "zh": ("redis 请求一直卡住",)},
    causes=[Cause(["rd-clients"], [], ["30"])],
    numbers=[Number("count", "EVAL \"return redis.call('info','clients'):match('blocked_clients:(%d+)')\" 0", 0.05)],
    load=(*DAY, WAITING),
    wait_s=1,
)
