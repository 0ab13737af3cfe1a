"""The visits are partitioned by month, and nobody made the month that has begun."""

from faults.fault import Cause, Client, Fault, Script
from faults.scene import Scene
from faults.shop import DAY

VISIT = Client("shop-visit", 2, (Script(("insert into visits (at, page) values (now(), 'home')",)),), pause_s=0.2)


def do(scene: Scene) -> None:
    scene.run(
        "create table visits (at timestamptz not null, page text) partition by range (at)",
        "do $$ begin for ago in 1..6 loop execute format('create table visits_%s partition of visits for values from "
        "(%L) to (%L)', ago, date_trunc('month', now()) - ago * interval '1 month', "
        "date_trunc('month', now()) - (ago - 1) * interval '1 month'); end loop; end $$",
        "insert into visits select date_trunc('month', now()) - g * interval '1 hour', 'home' "
        "from generate_series(1, 4000) g",
        "grant all on visits to shop",
    )
    scene.start(VISIT)


FAULT = Fault(
    asks={
        "en": ("Since the month began no visit of our pages can be saved", "Writing fails for one table, why?"),
        "zh": ("从这个月开始访问记录写不进去", "分区有没有问题"),
    },
    causes=[Cause(["partition-future"], ["visits"])],
    also=["txn-rollback", "log-error-rate", "large-unpartitioned"],
    load=DAY,
    do=do,
)
