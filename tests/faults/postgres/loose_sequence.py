"""An integer key is fed by a sequence that belongs to no table and counts further than the key can."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        "create schema telemetry authorization shop",
        "set role shop",
        "create sequence telemetry.reading_no as bigint start 2100000000",
        "create table telemetry.readings (id int primary key default nextval('telemetry.reading_no'), sensor int)",
        "insert into telemetry.readings (sensor) select g from generate_series(1, 20000) g",
        "analyze telemetry.readings",
    )


FAULT = Fault(
    asks={
        "en": (
            "Will anything break in the next months?",
            "Sensors could not be stored for a moment, is the disk full?",
        ),
        "zh": ("最近有没有什么隐患",),
    },
    causes=[Cause(["int-exhaustion"], ["readings"])],
    numbers=[Number("ratio", "select last_value / 2147483647.0 from telemetry.reading_no", 0.01)],
    load=DAY,
    do=do,
    wait_s=3,
)
