"""Covering and partial indexes: when they are worth trying, when they are chosen, and that a planner proves them."""

from __future__ import annotations

import asyncio
import re

import pytest

from checks.proving import heard, load
from dbmedic.checks.advice import Index, Table
from dbmedic.checks.index_forms import Column, covering, partial
from dbmedic.checks.indexing import Candidate, chosen, kept
from dbmedic.kit.statements.needs import Condition, needs
from fix_servers import Database

TYPES = {
    "id": "integer", "customer_id": "integer", "status": "character varying(12)", "total": "numeric(10,2)",
    "note": "text", "deleted_at": "timestamp without time zone",
}  # fmt: skip
ORDERS = Table(schema="public", name="orders", rows=1e6, size=10**8, types=TYPES)
PLAIN = Candidate(schema="public", table="orders", columns=("customer_id",), size=2.2e7)
READS = "select status, total from orders where customer_id = $1"


def held(sql: str, changed: frozenset[tuple[str, str]] = frozenset(), **known: Column) -> Candidate | None:
    needed = needs(sql, "postgres")
    assert needed is not None
    return covering(PLAIN, ORDERS, needed, changed, known, include=True)


def test_a_covering_index_holds_all_that_is_read() -> None:
    made = held(READS)
    assert made is not None
    assert made.body("postgres") == "(customer_id) INCLUDE (status, total)"
    assert made.size > PLAIN.size


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("select * from orders where customer_id = $1", frozenset()),
        ("select note from orders where customer_id = $1", frozenset()),
        (READS, frozenset({("orders", "status")})),
        ("select customer_id from orders where customer_id = $1", frozenset()),
    ],
)
def test_no_covering_index_of_whole_rows_long_texts_or_columns_that_change(
    sql: str, changed: frozenset[tuple[str, str]]
) -> None:
    assert held(sql, changed) is None


def test_a_text_that_is_short_by_statistics_may_be_held() -> None:
    assert (
        held("select note from orders where customer_id = $1", note=Column(nulls=0, distinct=9, width=12)) is not None
    )


def test_on_innodb_further_keys_hold_it_and_the_primary_key_is_there_already() -> None:
    needed = needs("SELECT id, STATUS FROM orders WHERE customer_id = ?", "mariadb")
    table = Table(schema="shop", name="orders", rows=1e6, size=10**8, types=TYPES,
                  indexes=(Index(name="PRIMARY", keys=("id",)),))  # fmt: skip
    assert needed is not None
    made = covering(PLAIN, table, needed, frozenset(), {}, include=False)
    assert made is not None
    assert made.columns == ("customer_id", "status")


@pytest.mark.parametrize(
    ("condition", "column", "part"),
    [
        (Condition("orders", "deleted_at", "deleted_at IS NULL", "null"), Column(nulls=0.02, distinct=-1, width=8),
         0.02),
        (Condition("orders", "deleted_at", "deleted_at IS NULL", "null"), Column(nulls=0.98, distinct=-1, width=8),
         None),
        (Condition("orders", "status", "status = 'new'", "literal", "new"),
         Column(nulls=0, distinct=4, width=8, frequency=0.1, common=1), 0.1),
        (Condition("orders", "customer_id", "customer_id = 7", "literal", "7"),
         Column(nulls=0, distinct=5000, width=4, frequency=0.001, common=0.1), None),
        (Condition("orders", "status", "status = 'new'", "literal", "new"), None, None),
    ],
)  # fmt: skip
def test_a_partial_index_is_for_few_rows_and_a_word_of_the_schema(
    condition: Condition, column: Column | None, part: float | None
) -> None:
    made = partial(PLAIN, ORDERS, condition, column)
    assert (made.part if made is not None else None) == part


def test_a_condition_in_the_predicate_is_no_key() -> None:
    both = Candidate(schema="public", table="orders", columns=("status", "customer_id"), size=3e7)
    condition = Condition("orders", "status", "status = 'new'", "literal", "new")
    made = partial(both, ORDERS, condition, Column(nulls=0, distinct=4, width=8, frequency=0.1, common=1))
    assert made is not None
    assert made.body("postgres") == "(customer_id) WHERE status = 'new'"
    assert made.size < both.size / 5


def candidate(size: float = 1e6, **more: object) -> Candidate:
    return Candidate(schema="public", table="orders", columns=("a",), size=size, **more)  # type: ignore[arg-type]


def test_a_covering_index_must_save_much_more_than_the_plain_one() -> None:
    found = [candidate(), candidate(2e6, include=("b",), covers=True)]
    assert [one.candidate.include for one in chosen(found, [{0: 0.2, 1: 0.15}], [1.0], 1e9)] == [()]
    assert [one.candidate.include for one in chosen(found, [{0: 0.5, 1: 0.1}], [1.0], 1e9)] == [("b",)]


def test_a_covering_index_serves_the_statements_of_the_plain_one() -> None:
    found = [candidate(), candidate(2e6, include=("b",), covers=True)]
    picked = chosen(found, [{0: 0.5, 1: 0.1}, {0: 0.1}], [0.6, 0.4], 1e9)
    assert [one.candidate.include for one in picked] == [("b",)]
    assert picked[0].saves == pytest.approx(0.6 * 0.9 + 0.4 * 0.9)


def test_a_partial_index_is_chosen_for_its_size_unless_others_need_all_rows() -> None:
    found = [candidate(), candidate(1e5, where="deleted_at IS NULL", part=0.1)]
    assert [one.candidate.where for one in chosen(found, [{0: 0.1, 1: 0.1}], [1.0], 1e9)] == ["deleted_at IS NULL"]
    picked = chosen(found, [{0: 0.1, 1: 0.1}, {0: 0.1}], [0.5, 0.5], 1e9)
    assert [one.candidate.where for one in picked] == [None]


async def test_the_planner_proves_a_partial_and_a_covering_index(postgres: Database) -> None:
    if not postgres.run("select 1 from pg_available_extensions where name = 'hypopg'"):
        pytest.skip("this PostgreSQL has no hypopg: apt install postgresql-15-hypopg")
    postgres.run(
        "create extension pg_stat_statements",
        "create extension hypopg",
        "create table tasks(id int primary key, owner int not null, done_at timestamp, pad text)",
        "insert into tasks select i, i % 400, case when i % 50 > 0 then now() end, repeat('x', 90)"
        " from generate_series(1, 60000) i",
        "create table visits(id int primary key, shop int not null, took int not null, pad text)",
        "insert into visits select i, (i * 7919) % 60, i % 100, repeat('x', 200) from generate_series(1, 40000) i",
        "vacuum analyze tasks",
    )
    for _ in range(10):  # an index alone answers only for pages that are known to be visible to all
        postgres.run("vacuum analyze visits")
        if postgres.run("select 1 from pg_class where relname = 'visits' and relallvisible = relpages"):
            break
        await asyncio.sleep(0.2)  # somebody's snapshot is older than the rows
    todo = "select id from tasks where owner = 7 and done_at is null"
    fixes: dict[str, str] = {}
    async with load(postgres, [todo, "select sum(took) from visits where shop = 7"]):
        for window_s in (1.2, 2.4, 4.8):  # a busy machine may run one of them hardly ever
            said = await heard(["index-advice"], postgres.instance, window_s=window_s)
            fixes = {one.object: one.fix.statement for one in said.findings if one.fix is not None}
            if len(fixes) > 1:
                break
    new = "CREATE INDEX CONCURRENTLY"
    assert fixes == {
        "public.tasks.owner": f"{new} tasks_owner_part_idx ON public.tasks (owner) WHERE done_at IS NULL",
        "public.visits.shop": f"{new} visits_shop_incl_idx ON public.visits (shop) INCLUDE (took)",
    }
    text = "\n".join(said.sentences("en"))
    # By the statistics of a sample.
    assert re.search(r"It holds only the rows with done_at IS NULL, [12](\.\d)? % of the table", text), text
    assert "so the table is not visited" in text
    assert {one.confidence for one in said.findings} == {"measured"}
    for statement in fixes.values():
        postgres.run(statement)


async def test_mariadb_is_told_of_one_that_holds_what_many_rows_need_and_that_it_is_not_proven(
    mariadb: Database,
) -> None:
    mariadb.run(
        "create table visits(id int primary key, shop int not null, took int not null, pad varchar(200))",
        "insert into visits select seq, seq % 60, seq % 100, repeat('x', 150) from seq_1_to_30000",
        "analyze table visits",
    )
    async with load(mariadb, ["select took from visits where shop = 7"]):
        said = await heard(["index-advice"], mariadb.instance, window_s=1.2)
    assert [one.fix.statement for one in said.findings if one.fix] == [
        f"CREATE INDEX `visits_shop_took_idx` ON `{mariadb.name}`.`visits` (`shop`, `took`) ALGORITHM=INPLACE LOCK=NONE"
    ]
    assert said.findings[0].confidence == "estimate"
    assert "so the table is not visited" in said.sentences("en")[0]
    assert "not proven" in said.sentences("en")[0]


def test_what_a_covering_index_leaves_is_known_where_only_the_plain_one_was_tried() -> None:
    found = [candidate(), candidate(2e6, include=("b",), covers=True), candidate(1e5, where="x IS NULL")]
    assert kept(found, {0: 0.1}, 1) == 0.1
    assert kept(found, {0: 0.1}, 2) == 1.0
    assert kept(found, {0: 0.1, 1: 0.05}, 1) == 0.05
