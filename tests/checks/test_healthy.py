"""A healthy server that does nothing gives no finding but posture, whatever is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import msgspec

from checks.proving import Heard, heard
from dbmedic.checks.check import catalogue
from dbmedic.core.values import Instance
from fix_servers import Database, Server

SHOP = (
    "create table customers(id int primary key, email varchar(80) not null, name varchar(80))",
    "create unique index customers_email on customers(email)",
    "create table orders(id int primary key, customer_id int not null references customers(id), total numeric(10, 2))",
    "create index orders_customer on orders(customer_id)",
    "insert into customers values (1, 'a@example.com', 'A'), (2, 'b@example.com', 'B'), (3, 'c@example.com', 'C')",
    "insert into orders values (1, 1, 10), (2, 1, 20), (3, 2, 30), (4, 3, 40)",
    "delete from orders where id = 4",
    "select count(*) from orders join customers on customers.id = customer_id where email = 'a@example.com'",
)


def told(instance: Instance) -> Instance:
    """The instance with all that only its operator knows: a backup and a restore test of an hour ago."""
    lately = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    return msgspec.structs.replace(instance, tags={"backup_at": lately, "restore_tested_at": lately})


def all_is_well(said: Heard) -> None:
    """Every check ended once, none found a fault, and none failed where everything may be seen."""
    ended = [*said.checked, *said.skipped]
    assert sorted(ended) == sorted(catalogue())
    assert [(one.key, said.measures[one.measure].values) for one in said.findings if not one.posture] == []
    elsewhere = ("feature_off", "no_history", "no_log_source")  # not a matter of what the account may see
    blind = {name: one for name, one in said.checked.items() if one.level == "failed" and one.reason not in elsewhere}
    assert {name: one for name, one in blind.items() if not one.sentence.endswith("does not measure this")} == {}


async def test_on_postgres(postgres: Database) -> None:
    postgres.run("create extension pg_stat_statements", *SHOP)
    all_is_well(await heard(list(catalogue()), told(postgres.instance)))


async def test_on_postgres_without_statement_statistics(postgres: Database) -> None:
    postgres.run(*SHOP)
    said = await heard(list(catalogue()), told(postgres.instance))
    assert "observability-coverage:statement statistics" in [one.key for one in said.findings]
    assert "statement statistics are not installed" in said.checked["top-queries"].sentence
    assert said.checked["top-queries"].grant == "CREATE EXTENSION pg_stat_statements"


async def test_on_mariadb(mariadb: Database) -> None:
    mariadb.run(*SHOP)
    all_is_well(await heard(list(catalogue()), told(mariadb.instance)))


async def test_on_sqlite(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "shop.db"))
    for statement in SHOP:
        connection.execute(statement)
    connection.close()
    all_is_well(await heard(list(catalogue()), Instance(id="file", url=f"sqlite:///{tmp_path}/shop.db")))


async def test_on_redis(redis: Server) -> None:
    redis.run("SET session:1 a EX 100", "HSET cart:1 sku 7", "GET session:1", "GET absent")
    all_is_well(await heard(list(catalogue()), Instance(id="cache", url=redis.url)))
