"""The index that is missing, as users meet it: functions, casts, several columns, joins, no statement statistics."""

from __future__ import annotations

import pytest

from checks.proving import Heard, heard, load
from dbmedic.core.values import Measure
from fix_servers import Database, Server

POSTGRES = (
    "create table customers(id int primary key, email varchar(80), name text)",
    "insert into customers select i, 'u' || i || '@x.com', 'n' from generate_series(1, 60000) i",
    "create table orders(id int primary key, customer_id int, status text, created_at timestamp, note text)",
    "insert into orders select i, 1 + i % 50000, case when i % 10 = 0 then 'new' else 'done' end,"
    " timestamp '2026-01-01' + i * interval '1 minute', repeat('x', 40) from generate_series(1, 120000) i",
    "create index orders_created_idx on orders(created_at)",
    "create table countries(id int primary key, name text)",
    "insert into countries select i, 'c' || i from generate_series(1, 200) i",
    "analyze",
)


@pytest.fixture
def shop(postgres: Database) -> Database:
    postgres.run("create extension pg_stat_statements", *POSTGRES)
    return postgres


def advised(said: Heard) -> dict[str, str]:
    """Object -> proposed statement."""
    return {one.object: one.fix.statement if one.fix else "" for one in said.findings}


def measured(said: Heard, name: str) -> Measure:
    return next(one for one in said.measures.values() if one.object == name)


async def test_each_wording_gets_its_own_cure(shop: Database) -> None:
    statements = [
        "select id from customers where lower(email) = 'u7@x.com'",
        "select o.id from customers c join orders o on o.customer_id = c.id where c.id = 77",
        "select count(*) from orders where created_at::date = '2026-02-03'",
        "select id from orders where customer_id = 5 and status = 'new' order by created_at desc limit 10",
        "select * from countries where name = 'c5'",
    ]
    async with load(shop, statements):
        said = await heard(
            ["missing-index"], shop.instance, window_s=1.5, thresholds={"missing-index": {"share_least": 0.05}}
        )
    advice = advised(said)
    assert advice["public.customers.email"] == (
        "CREATE INDEX CONCURRENTLY customers_email_expr_idx ON public.customers ((lower(email)))"
    )
    assert advice["public.orders.customer_id"] == (
        "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id)"
    )
    assert advice["public.orders.created_at"] == "created_at >= :start AND created_at < :end"
    assert advice["public.orders.customer_id+status+created_at"].endswith("(customer_id, status, created_at)")
    assert len(advice) == 4, "a lookup table of 200 rows needs no index"
    assert measured(said, "public.orders.created_at").values["defeated"] == "orders_created_idx"


async def test_a_table_that_is_meant_to_be_read_in_full_lacks_no_index(shop: Database) -> None:
    async with load(shop, ["select sum(length(note)) from orders", "select id, note from orders order by note, id"]):
        said = await heard(["missing-index"], shop.instance, window_s=1.5)
    assert said.findings == []


async def test_the_finding_names_table_column_statement_and_numbers(shop: Database) -> None:
    async with load(shop, ["select id, note from orders where customer_id = 4242"]):
        said = await heard(["missing-index"], shop.instance)
    (english,) = said.sentences("en")
    assert "public.orders (120 000 rows" in english
    assert "looks up or sorts by customer_id" in english
    assert "`select id, note from orders where customer_id = $1`" in english
    (finding,) = said.findings
    assert finding.confidence == "measured"
    assert finding.fix is not None
    assert finding.fix.rollback == "DROP INDEX CONCURRENTLY public.orders_customer_id_idx"
    values = said.measures[finding.measure].values
    assert values["share"] > 0.9
    assert values["scans_per_min"] > 60


async def test_without_statement_statistics_looking_at_sessions_has_to_do(postgres: Database) -> None:
    postgres.run(*POSTGRES)
    hot = "select id, note from orders where customer_id = 4242 and note <> ''"
    async with load(postgres, [hot], clients=3):
        said = await heard(["missing-index", "top-queries"], postgres.instance, window_s=1.5)
    assert "public.orders.customer_id" in advised(said)
    assert {one.confidence for one in said.findings if one.check == "missing-index"} == {"estimate"}
    assert said.checked["missing-index"].grant == "CREATE EXTENSION pg_stat_statements"
    assert "4242" not in repr(said.events)


async def test_a_statement_cut_off_in_the_list_of_sessions_still_gives_a_hint(postgres: Database) -> None:
    postgres.run(*POSTGRES)
    columns = ", ".join(f"note as a_rather_long_name_for_column_{number}" for number in range(40))
    async with load(postgres, [f"select {columns} from orders where customer_id = 42"], clients=3):
        said = await heard(["missing-index"], postgres.instance, window_s=1.5)
    (finding,) = said.findings
    assert finding.object.startswith("public.orders.")
    assert finding.confidence in ("estimate", "heuristic")


async def test_a_page_that_nobody_opens_now_is_known_from_the_record(shop: Database) -> None:
    shop.run(
        "select pg_stat_statements_reset()",
        *["select id from orders where md5(md5(note)) <> '' and customer_id = 42"] * 25,
    )
    limits = {"missing-index": {"mean_least": "1ms"}}
    said = await heard(["missing-index", "slow-mean", "top-queries"], shop.instance, thresholds=limits)
    assert [(one.check, one.confidence) for one in said.findings] == [("missing-index", "estimate")]
    assert "since the statistics began" in said.sentences("en")[0]
    shop.run(said.findings[0].fix.statement)  # type: ignore[union-attr]
    assert (await heard(["missing-index"], shop.instance, thresholds=limits)).findings == []


async def test_a_role_that_may_not_explain_reads_the_text(shop: Database, postgres_server: Server) -> None:
    shop.run("create role watcher login password 'watcher' in role pg_monitor")
    try:
        async with load(shop, ["select id, note from orders where customer_id = 42"]):
            said = await heard(["missing-index"], shop.as_role("watcher", "watcher"))
        assert "public.orders.customer_id" in advised(said)
        assert {one.confidence for one in said.findings} == {"estimate"}
        assert "EXPLAIN was refused" in said.checked["missing-index"].sentence
        assert (said.checked["missing-index"].grant or "").startswith("GRANT ")
    finally:
        postgres_server.run("drop role watcher")


async def test_reading_most_of_a_table_is_no_fault(shop: Database) -> None:
    async with load(
        shop, ["select count(*) from orders where status = 'done'", "select sum(length(note)) from orders"]
    ):
        said = await heard(["missing-index"], shop.instance)
    assert said.findings == []


async def test_an_invalid_index_is_rebuilt_not_doubled(shop: Database) -> None:
    shop.run(
        "create index orders_customer on orders(customer_id)",
        "update pg_index set indisvalid = false where indexrelid = 'orders_customer'::regclass",
    )
    async with load(shop, ["select id, note from orders where customer_id = 42"]):
        said = await heard(["missing-index"], shop.instance)
    assert advised(said) == {"public.orders.customer_id": "REINDEX INDEX CONCURRENTLY public.orders_customer"}


async def test_a_partitioned_table_gets_one_index_for_all_partitions(postgres: Database) -> None:
    postgres.run(
        "create table events(id int, device int, day int) partition by range (day)",
        "create table events_1 partition of events for values from (0) to (100)",
        "create table events_2 partition of events for values from (100) to (200)",
        "insert into events select i, i % 20000, i % 200 from generate_series(1, 120000) i",
        "analyze",
        "create extension pg_stat_statements",
    )
    async with load(postgres, ["select id from events where device = 7"]):
        said = await heard(["missing-index"], postgres.instance)
    assert advised(said) == {
        "public.events.device": "CREATE INDEX events_device_idx ON public.events (device)",
    }


MARIADB = (
    "create table customers(id int primary key, email varchar(80))",
    "insert into customers select seq, concat('u', seq, '@x.com') from seq_1_to_60000",
    "create table orders(id int primary key, customer_id int, status varchar(10), note varchar(60))",
    "insert into orders select seq, 1 + seq % 50000, if(seq % 9 = 0, 'new', 'old'), 'xxxxxxxxx' from seq_1_to_120000",
    "analyze table customers, orders",
)


async def test_on_mariadb_with_digests(mariadb: Database) -> None:
    mariadb.run(*MARIADB)
    statements = [
        "select id from orders where customer_id = 5 and status = 'new'",
        "select o.id from customers c join orders o on o.customer_id = c.id where c.id = 77",
        "select id from customers where lower(email) = 'u7@x.com'",
    ]
    limits = {"missing-index": {"share_least": 0.05}}
    async with load(mariadb, statements):
        said = await heard(["missing-index"], mariadb.instance, window_s=1.5, thresholds=limits)
    advice = advised(said)
    name = mariadb.name
    assert set(advice) == {
        f"{name}.orders.customer_id+status", f"{name}.orders.customer_id", f"{name}.customers.email",
    }  # fmt: skip
    assert advice[f"{name}.orders.customer_id"] == (
        f"CREATE INDEX `orders_customer_id_idx` ON `{name}`.`orders` (`customer_id`) ALGORITHM=INPLACE LOCK=NONE"
    )
