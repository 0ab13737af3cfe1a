"""How far partitions reach, and which statements cannot leave any out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dbmedic.checks.catalogue.schema_object_analysis.partition_future import mysql_end, postgres_end
from dbmedic.checks.catalogue.schema_object_analysis.partition_no_prune import columns, used
from dbmedic.kit import statements

NOW = datetime(2026, 3, 10, tzinfo=UTC).timestamp()


def ranges(*bounds: str, kind: str = "date", **more: Any) -> list[dict[str, Any]]:
    one = {"schema": "public", "table": "events", "type": kind, "now": NOW, "inserts": 5, "rows": 7, "last": None}
    return [{**one, "partition": f"p{at}", "bound": bound, **more} for at, bound in enumerate(bounds)]


def test_months_are_those_of_the_calendar() -> None:
    (end,) = postgres_end(
        ranges("FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')", "FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')")
    )
    assert (end["until"], end["lower"], end["upper"]) == ("2026-04-01", "2026-04-01", "2026-05-01")
    assert end["partition"] == "events_20260401"
    assert 0 < end["ahead"] < 1


def test_an_end_that_is_past_is_no_interval_ahead_and_rows_that_fit_nowhere_are_counted() -> None:
    (end,) = postgres_end(ranges("FOR VALUES FROM ('2026-03-01') TO ('2026-03-02')", "DEFAULT"))
    assert (end["ahead"], end["rest"], end["astray"]) == (-8.0, "p1", 7)


def test_times_with_a_zone_keep_it() -> None:
    bound = "FOR VALUES FROM ('2026-03-10 00:00:00+08') TO ('2026-03-11 00:00:00+08')"
    (end,) = postgres_end(ranges(bound, kind="timestamp with time zone"))
    assert (end["lower"], end["upper"]) == ("2026-03-10 16:00:00+00", "2026-03-11 16:00:00+00")


def test_numbers_are_compared_with_the_sequence_that_fills_them() -> None:
    bound = "FOR VALUES FROM ('0') TO ('1000')"
    (end,) = postgres_end(ranges(bound, kind="bigint", last=900))
    assert (end["ahead"], end["lower"], end["upper"]) == (0.1, "1000", "2000")
    assert list(postgres_end(ranges(bound, kind="bigint"))) == []


@pytest.mark.parametrize(
    "bounds",
    [
        ["FOR VALUES FROM ('2026-03-01') TO (MAXVALUE)", "FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')"],
        ["DEFAULT"],
        ["FOR VALUES FROM (MINVALUE) TO ('2026-01-01')"],
    ],
)
def test_without_an_end_there_is_nothing_to_say(bounds: list[str]) -> None:
    assert list(postgres_end(ranges(*bounds))) == []


@pytest.mark.parametrize(
    ("kind", "bounds", "until", "upper"),
    [
        ("to_days(`at`)", ["740041", "740072"], "2026-04-01", "740102"),
        ("year(`at`)", ["2026", "2027"], "2027-01-01", "2028"),
        ("`at`", ["'2026-03-01'", "'2026-04-01'"], "2026-04-01", "'2026-05-01'"),
        ("unix_timestamp(`at`)", ["1772323200", "1775001600"], "2026-04-01", "1777593600"),
    ],
)
def test_mysql_says_its_bounds_in_many_ways(kind: str, bounds: list[str], until: str, upper: str) -> None:
    (end,) = mysql_end(ranges(*bounds, kind=kind, written=NOW))
    assert (end["until"], end["upper"]) == (until, upper)
    assert end["inserts"] is None


def test_a_table_of_mysql_that_nobody_writes_to_needs_no_future() -> None:
    (end,) = mysql_end(ranges("2024", "2025", kind="year(`at`)", written=None))
    assert end["inserts"] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1 from events where at = $1", (True, None)),
        ("select 1 from events where customer = $1", (False, None)),
        ("select 1 from events where date(at) = $1", (False, "date")),
        ("select 1 from events e join days d on d.at = e.at where d.id = $1", (True, None)),
    ],
)
def test_the_key_must_stand_bare(text: str, expected: tuple[bool, str | None]) -> None:
    assert used(statements.asks(text, "postgres"), "events", {"at"}) == expected


def test_the_columns_of_a_partition_expression() -> None:
    assert columns("to_days(`at`)") == {"at"}
    assert columns("at,customer") == {"at", "customer"}
