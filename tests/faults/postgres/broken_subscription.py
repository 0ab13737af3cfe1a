"""Prices come from head office by logical replication, and a row typed in by hand stands in the way."""

from faults.fault import Cause, Fault, Number
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    table = "create table prices (id int primary key, price int)"
    scene.server.run("create database office")
    scene.server.run(table, "create publication prices for all tables", database="office")
    slot = "select pg_create_logical_replication_slot('prices_feed', 'pgoutput')"
    scene.server.run(slot, database="office")
    source = scene.server.at("office")
    scene.run(
        table,
        "insert into prices values (7, 1)",
        f"create subscription prices_feed connection '{source}' publication prices "
        "with (create_slot = false, slot_name = 'prices_feed', copy_data = false)",
    )
    scene.server.run("insert into prices values (7, 2)", database="office")


FAULT = Fault(
    asks={
        "en": ("Price changes from head office do not arrive any more", "Is replication healthy?"),
        "zh": ("总部的价格同步不过来了", "数据同步中断了吗"),
    },
    causes=[Cause(["logical-subscription"], ["prices_feed"])],
    numbers=[Number("count", "select apply_error_count from pg_stat_subscription_stats", 0.4)],
    also=["slot-retention:prices_feed"],
    load=DAY,
    do=do,
    wait_s=25,
    settings={"wal_retrieve_retry_interval": "1s"},
)
