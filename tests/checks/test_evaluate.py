"""Rows become levels, notes and fixes."""

from __future__ import annotations

from typing import Any

import pytest

from dbmedic.checks.check import Check, decode
from dbmedic.checks.evaluate import MAX_ROWS, Around, Judged, judged
from dbmedic.core.values import Row

UNIT = """
object  = "{schema}.{table}"
cost    = 0
columns = { schema = "ident", table = "ident", size = "bytes", share = "ratio", query = "sql" }
inputs  = ["calls"]
derive  = { share = "size / sum(size)" }
keep    = "size > 0"

thresholds = { big = "1GiB" }
level      = { warning = "size >= big", error = "size >= 10 * big" }

[gates]
G4 = "calls < 100"
G6 = "standby"
G7 = "uptime < 1h"

[text]
en = { title = "t", finding = "f", why = "w" }
zh = { title = "t", finding = "f", why = "w" }

[on.postgres]
sql = "select"
fix = [
  { when = "calls > 1000", do = "VACUUM {schema}.{table}", safety = "SUE", rollback = "ANALYZE {table}" },
  { do = "DROP TABLE {schema}.{table}", safety = "AX", dangerous = true },
]

[on.mysql]
sql = "select"
fix = [{ do = "DROP TABLE {table} /* {table:text} {size} */", safety = "AX" }]
"""
GIB = 2**30


@pytest.fixture(scope="module")
def check() -> Check:
    return decode(UNIT, "big", "item")


def rows_of(check: Check, *rows: Row, **more: Any) -> list[Judged]:
    around = Around(**{"engine": "postgres", "instance": "rm-1", "database": "shop", "uptime": 90_000, **more})
    on = check.engine(around.engine)
    assert on is not None
    full = [{"schema": "public", "table": "t", "calls": 500, "query": None, **row} for row in rows]
    return judged(check, on, on, full, around)


def test_the_worst_comes_first_and_each_row_has_its_level(check: Check) -> None:
    found = rows_of(check, {"size": 1}, {"size": GIB, "table": "b"}, {"size": 10 * GIB, "table": "c"}, {"size": 0})
    assert [(one.object, one.level) for one in found] == [
        ("public.c", "error"), ("public.b", "warning"), ("public.t", "normal"),
    ]  # fmt: skip


def test_derived_columns_see_all_rows(check: Check) -> None:
    assert [one.values["share"] for one in rows_of(check, {"size": 1}, {"size": 3})] == [0.25, 0.75]


def test_thresholds_can_be_overridden(check: Check) -> None:
    assert rows_of(check, {"size": 5}, thresholds={"big": 2})[0].level == "warning"
    assert rows_of(check, {"size": 2**20}, thresholds={"big": "1MiB"})[0].level == "warning"


def test_a_gate_keeps_a_row_normal_and_says_so(check: Check) -> None:
    (found,) = rows_of(check, {"size": 20 * GIB, "calls": 5})
    assert (found.level, found.note, found.fix) == ("normal", "G4", None)
    assert rows_of(check, {"size": 20 * GIB}, standby=True)[0].note == "G6"
    assert rows_of(check, {"size": 1, "calls": 5})[0].note is None


def test_a_server_that_just_started_is_never_an_error(check: Check) -> None:
    (found,) = rows_of(check, {"size": 20 * GIB}, uptime=60)
    assert (found.level, found.confidence) == ("warning", "heuristic")


def test_what_is_not_known_crosses_no_threshold(check: Check) -> None:
    assert rows_of(check, {"size": None}) == []


def test_the_first_fix_that_fits_is_proposed_with_names_quoted(check: Check) -> None:
    many, few = rows_of(check, {"size": GIB, "calls": 5000, "table": "Order"}, {"size": GIB, "table": "it's"})
    assert many.fix is not None
    assert (many.fix.statement, many.fix.rollback) == ('VACUUM public."Order"', 'ANALYZE "Order"')
    assert few.fix is not None
    assert (few.fix.statement, few.fix.dangerous) == ('DROP TABLE public."it\'s"', True)
    (mysql,) = rows_of(check, {"size": GIB, "table": "it`s 'x"}, engine="mysql")
    assert mysql.fix is not None
    assert mysql.fix.statement == f"DROP TABLE `it``s 'x` /* 'it`s ''x' {GIB} */"


def test_a_fix_with_a_hole_that_nobody_can_fill_is_none(check: Check) -> None:
    assert rows_of(check, {"size": GIB, "schema": None})[0].fix is None


def test_literals_are_stripped_from_statements(check: Check) -> None:
    (found,) = rows_of(check, {"size": 1, "query": "select * from t where name = 'secret' and id = 4711"})
    assert "secret" not in found.values["query"]
    assert "4711" not in found.values["query"]


def test_objects_of_another_database_are_named_with_it(check: Check) -> None:
    assert rows_of(check, {"size": 1, "database": "other"})[0].object == "other.public.t"
    assert rows_of(check, {"size": 1, "database": "shop"})[0].object == "public.t"


def test_at_most_twenty_rows_leave(check: Check) -> None:
    assert len(rows_of(check, *({"size": GIB} for _ in range(50)))) == MAX_ROWS
