"""A partitioned table with mixed-case names is searched by a column that has no index on any partition."""

from itertools import pairwise

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

RECEPTION = Client(
    "reception",
    3,
    (Script(('select * from clinic."Appointment" where "patientId" = {1..40000} order by "startsAt" desc limit 10',)),),
    pause_s=0.1,
)


def do(scene: Scene) -> None:
    months = [f"2025-{month:02d}" for month in range(1, 10)]
    scene.run(
        "create schema clinic authorization shop",
        "set role shop",
        'create table clinic."Appointment" (id bigint generated always as identity, "patientId" int not null, '
        '"startsAt" timestamp not null, note text, primary key (id, "startsAt")) partition by range ("startsAt")',
        *(
            f'create table clinic."Appointment_{month}" partition of clinic."Appointment" '
            f"for values from ('{month}-01') to ('{after}-01')"
            for month, after in pairwise(months)
        ),
        'insert into clinic."Appointment" ("patientId", "startsAt", note) select g % 40000, '
        "timestamp '2025-01-01' + g % 240 * interval '1 day', repeat('x', 60) from generate_series(1, 400000) g",
        'analyze clinic."Appointment"',
    )
    scene.start(RECEPTION)


FAULT = Fault(
    asks={
        "en": ("Reception says the patient screen takes forever, is it the network?",),
        "zh": ("挂号页面很慢，是不是网络问题",),
    },
    causes=[Cause(["missing-index"], ["Appointment", "patientId"])],
    numbers=[Number("count", "select 400000", 0.05)],
    also=["cpu-saturation", "top-queries:patientId", "slow-mean:patientId"],
    load=DAY,
    do=do,
)
