"""The index on (actor, at) behind the history page is gone: filter on two columns, order and limit."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

HISTORY = Client(
    "shop-history",
    3,
    (
        Script(
            (
                "select at, detail from audit_log where actor = 'actor{1..20000}' and action = 'pay' "
                "order by at desc limit 10",
            )
        ),
    ),
    pause_s=0.1,
)
FAULT = Fault(
    asks={"en": ("The history page got slow after the weekend",), "zh": ("实例最近很卡",)},
    causes=[Cause(["missing-index"], ["audit_log", "actor"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'audit_log'", 0.03)],
    also=["cpu-saturation", "top-queries:audit_log", "slow-mean:audit_log"],
    load=(*DAY, HISTORY),
    do=lambda scene: scene.run("drop index audit_log_actor_idx"),
)
