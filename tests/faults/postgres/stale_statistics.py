"""A table was filled after it was analysed, and the planner joins it as if it held a hundred rows."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

DISPATCH = Client(
    "shop-dispatch",
    1,
    (
        Script(
            (
                "select count(*), sum(o.total) from shipments s join orders o on o.id = s.order_id "
                "join customers c on c.id = o.customer_id where s.state = 'done' and s.weight > 10",
            )
        ),
    ),
    pause_s=0.2,
)


def do(scene: Scene) -> None:
    scene.run(
        "create table shipments (id int primary key, order_id int not null, state text not null, weight int not null)",
        "create index shipments_state_idx on shipments (state)",
        "insert into shipments select g, g, 'open', g % 50 from generate_series(1, 100) g",
        "analyze shipments",
        "insert into shipments select g, g, 'done', g % 50 from generate_series(101, 250000) g",
        "grant all on shipments to shop",
    )
    scene.start(DISPATCH)


FAULT = Fault(
    asks={
        "en": ("The dispatch screen was fast yesterday and is slow today",),
        "zh": ("发货页面昨天还快，今天突然变慢",),
    },
    causes=[Cause(["stale-stats", "plan-misestimate"], ["shipments"])],
    numbers=[Number("count", "select n_mod_since_analyze from pg_stat_user_tables where relname = 'shipments'", 0.03)],
    also=["temp-spill", "top-queries:shipments", "slow-mean:shipments", "cpu-saturation"],
    load=DAY,
    do=do,
    settings={"autovacuum_naptime": "30min"},
)
