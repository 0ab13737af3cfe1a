"""The language of levels, gates and derived columns."""

import pytest

from dbmedic.checks.expression import NotAnExpression, compiled, number

ROW = {"ratio": 0.85, "size": 3 * 2**30, "state": "idle", "age": 61, "gone": None, "flag": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ratio >= 80%", True),
        ("ratio >= 80% and size >= 1GiB", True),
        ("ratio >= 90% or age > 1min", True),
        ("not ratio >= 80%", False),
        ("state in ('idle', 'active')", True),
        ("state not in ('idle', 'active')", False),
        ("state = 'idle' and age >= 60s", True),
        ("size / 1GiB", 3),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * 4", 20),
        ("-age", -61),
        ("10_000", 10000),
        ("1.5h", 5400),
        ("flag and ratio > 0", True),
        ("max(age, 100)", 100),
        ("coalesce(gone, age)", 61),
    ],
)
def test_says(text: str, value: object) -> None:
    assert compiled(text)(ROW) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("gone > 1", None),
        ("gone = gone", None),
        ("gone + 1", None),
        ("1 / 0", None),
        ("gone > 1 or age > 1", True),
        ("gone > 1 and age < 1", False),
        ("gone > 1 and age > 1", None),
        ("not gone > 1", None),
        ("gone is null", True),
        ("age is not null", True),
        ("gone in (1, 2)", None),
        ("state > 1", None),
    ],
)
def test_what_is_not_known_spreads_as_in_sql(text: str, value: object) -> None:
    assert compiled(text)(ROW) is value


def test_unknown_does_not_hold() -> None:
    assert not compiled("gone > 1").holds(ROW)
    assert compiled("flag").holds(ROW)


def test_sum_and_count_are_over_all_rows() -> None:
    rows = [{"x": 1}, {"x": 3}, {"x": None}]
    assert compiled("x / sum(x)")(rows[1], rows) == 0.75
    assert compiled("count(x)")(rows[0], rows) == 2


@pytest.mark.parametrize(
    "text",
    ["", "a >", "a b", "a >= 5parsec", "f(a)", "a; b", "(a", "a not 5", "__import__('os')", "a.b", "and", "a is 5"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotAnExpression):
        compiled(text)


def test_names_what_it_reads() -> None:
    assert compiled("a > 1 and coalesce(b, c) is null and 'd' = 'd'").names == {"a", "b", "c"}


@pytest.mark.parametrize(("text", "value"), [("1GiB", 2**30), ("5%", 0.05), ("500ms", 0.5), ("2d", 172800), ("7", 7)])
def test_literals_carry_units(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value)
