"""Each insert sets off a trigger that counts in another table, which has no index for it."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

COLLECTOR = Client(
    "collector", 3, (Script(("insert into iot.samples (device, v) values ({1..20000}, 1.5)",)),), pause_s=0.1
)


def do(scene: Scene) -> None:
    scene.run(
        "create schema iot authorization shop",
        "set role shop",
        "create table iot.alarms (id int generated always as identity primary key, device int, at timestamp)",
        "insert into iot.alarms (device, at) select g % 20000, now() from generate_series(1, 300000) g",
        "create table iot.samples (id bigint generated always as identity primary key, device int, v float8)",
        "create function iot.check_alarm() returns trigger language plpgsql as 'declare n int; begin "
        "select count(*) into n from iot.alarms where device = new.device; return new; end'",
        "create trigger samples_check after insert on iot.samples for each row execute function iot.check_alarm()",
        "analyze iot.alarms",
    )
    scene.start(COLLECTOR)


FAULT = Fault(
    asks={"en": ("Storing a sample takes long, are the disks slow?",), "zh": ("采集数据写入很慢",)},
    causes=[Cause(["missing-index"], ["alarms"])],
    numbers=[Number("count", "select reltuples from pg_class where oid = 'iot.alarms'::regclass", 0.05)],
    also=["cpu-saturation", "top-queries:samples", "slow-mean:samples"],
    load=DAY,
    do=do,
)
