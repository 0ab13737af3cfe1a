"""Named statements and migrations: well formed, in the SQL of both dialects, and answered from an index."""

import re

import apsw
import pgparse
import pytest

from dbmedic.core.errors import Bug
from dbmedic.store.queries import for_dialect, migrations, parse, queries


@pytest.fixture(scope="module")
def schema():
    connection = apsw.Connection(":memory:")
    for step in migrations("sqlite"):
        connection.execute(step.sql)
    yield connection
    connection.close()


def plan(connection, query):
    rows = connection.execute("explain query plan " + query.sql, dict.fromkeys(query.params))
    return [row[3] for row in rows]


@pytest.mark.parametrize("query", queries("sqlite").values(), ids=lambda query: query.name)
def test_every_statement_prepares_on_sqlite(schema, query):
    schema.execute("explain " + query.sql, dict.fromkeys(query.params)).fetchall()


@pytest.mark.parametrize("query", queries("postgres").values(), ids=lambda query: query.name)
def test_every_statement_parses_as_postgresql(query):
    numbers = {name: f"${number}" for number, name in enumerate(sorted(query.params), 1)}
    pgparse.parse(re.sub(r"(?<![:\w]):([a-z]\w*)", lambda found: numbers[found[1]], query.sql))


def test_migrations_parse_as_postgresql():
    for step in migrations("postgres"):
        pgparse.parse(step.sql)


def test_both_dialects_have_the_same_statements_and_parameters():
    def shared(dialect):
        return {q.name: q.params for q in queries(dialect).values() if not q.name.startswith("words_")}

    assert shared("sqlite") == shared("postgres")  # the word index is each store's own


@pytest.mark.parametrize("query", [q for q in queries("sqlite").values() if q.instant], ids=lambda query: query.name)
def test_an_instant_statement_reads_one_place_of_one_index(schema, query):
    assert [step for step in plan(schema, query) if not step.startswith("SEARCH")] == []
    assert not query.writes


@pytest.mark.parametrize("query", [q for q in queries("sqlite").values() if "_page_" in q.name], ids=lambda q: q.name)
def test_a_page_is_a_walk_along_an_index_without_a_sort(schema, query):
    (step,) = plan(schema, query)
    assert step.startswith("SEARCH")
    assert "USING INDEX" in step


def test_pieces_of_the_other_dialect_fall_out():
    text = "select 1 from /*sqlite a\n */ /*postgres b */"
    assert for_dialect(text, "sqlite").split() == ["select", "1", "from", "a"]
    assert for_dialect(text, "postgres").split() == ["select", "1", "from", "b"]


def test_a_statement_carries_its_parameters_and_marks():
    text = "-- a file --\n-- name: one :instant --\n-- why: not\nselect :a, cast(:b2 as text)\n"
    text += "-- name: two --\ndelete from events\n"
    one, two = parse(text, "sqlite").values()
    assert (one.name, one.params, one.instant, one.writes, one.on_log) == ("one", {"a", "b2"}, True, False, False)
    assert (two.sql, two.params, two.instant, two.writes, two.on_log) == (
        "delete from events",
        set(),
        False,
        True,
        True,
    )


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(Bug, match="twice"):
        parse("-- name: x --\nselect 1\n-- name: x --\nselect 2\n", "sqlite")


def test_migrations_are_numbered_without_gaps():
    assert [step.number for step in migrations("sqlite")] == list(range(1, len(migrations("sqlite")) + 1))
