"""Documents are searched by what they contain, and no index knows their insides."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

FEED = Client(
    "crm-feed",
    3,
    (Script(("select id, payload from crm.events where payload @> jsonb_build_object('user', {1..30000}) limit 20",)),),
    pause_s=0.1,
)


def do(scene: Scene) -> None:
    scene.run(
        "create schema crm authorization shop",
        "set role shop",
        "create table crm.events (id bigint primary key, tags text[] not null, payload jsonb not null)",
        "insert into crm.events select g, array['t' || g % 5000], jsonb_build_object('user', g % 30000, 'kind', g % 5) "
        "from generate_series(1, 250000) g",
        "analyze crm.events",
    )
    scene.start(FEED)


FAULT = Fault(
    asks={
        "en": ("The activity feed has become sluggish, should we add RAM?",),
        "zh": ("客户动态页面打开要好几秒",),
    },
    causes=[Cause(["missing-index"], ["events", "payload"], ["gin"])],
    numbers=[Number("count", "select reltuples from pg_class where oid = 'crm.events'::regclass", 0.05)],
    also=["cpu-saturation", "top-queries:payload", "slow-mean:payload"],
    load=DAY,
    do=do,
)
