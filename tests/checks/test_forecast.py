"""Growth and dates: never a date without a trend, a range that holds the truth, and no burst carried on."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dbmedic.checks.forecast import DAY_S, Eta, daily, eta, growth, is_burst, quantile, trend
from dbmedic.core.history import Kept

GIB = float(1 << 30)
days = st.integers(7, 60)
slopes = st.floats(1e6, 5e10)
levels = st.floats(0, 1e13)


def line(days: int, start: float, slope: float, noise: float = 0.0, seed: int = 1) -> list[tuple[float, float]]:
    dice = random.Random(seed)
    return [(float(day), start + slope * day + noise * slope * (dice.random() - 0.5)) for day in range(days)]


@given(days, levels, slopes)
def test_a_straight_line_is_found_exactly(count: int, start: float, slope: float) -> None:
    found = trend(line(count, start, slope))
    assert found.kind == "trend"
    assert found.sure
    assert found.slope == pytest.approx(slope, rel=1e-2, abs=start * 1e-9)


@given(days, slopes, st.integers(0, 10_000))
def test_the_truth_lies_in_the_range_of_dates(count: int, slope: float, seed: int) -> None:
    points = line(count, 1e9, slope, noise=0.5, seed=seed)
    limit = 1e9 + slope * (count + 30)
    found = eta(trend(points), points[-1][1], limit)
    assert found is not None
    truth = (limit - points[-1][1]) / slope * DAY_S
    assert found.soonest <= truth * 1.1
    assert found.latest is None or found.latest >= truth * 0.9
    assert found.latest is None or found.soonest <= found.latest


@given(days, levels, st.floats(0, 1e9))
def test_what_shrinks_or_stays_has_no_date(count: int, start: float, slope: float) -> None:
    found = trend(line(count, start, -slope))
    assert found.kind == "flat"
    assert eta(found, start, start + 1) is None


@given(st.integers(0, 2), levels, slopes)
def test_too_few_days_are_no_trend(count: int, start: float, slope: float) -> None:
    found = trend(line(count, start, slope))
    assert found.kind == "none"
    assert found.points == count
    assert eta(found, start, start * 2 + 1e12) is None


@given(st.integers(3, 6), levels, slopes)
def test_a_trend_of_few_days_says_that_it_is_not_sure(count: int, start: float, slope: float) -> None:
    assert not trend(line(count, start, slope)).sure


@given(st.integers(10, 40), st.floats(1e6, 1e8), st.floats(20, 500), st.integers(3, 6))
def test_a_burst_is_named_and_never_carried_on(count: int, slope: float, gigabytes: float, after: int) -> None:
    calm = line(count, 1e10, slope)
    jump = gigabytes * GIB
    points = [*calm, *((float(count + day), calm[-1][1] + jump + slope * (day + 1)) for day in range(after))]
    found = trend(points)
    assert found.burst == pytest.approx(jump, rel=0.05)
    assert found.burst_at == count
    assert found.slope <= 2 * slope


@given(days, levels, slopes, st.floats(1.0, 1e12))
def test_a_higher_limit_is_never_reached_sooner(count: int, start: float, slope: float, more: float) -> None:
    points = line(count, start, slope)
    now = points[-1][1]
    near, far = eta(trend(points), now, now + 1e9), eta(trend(points), now, now + 1e9 + more)
    assume(near is not None and far is not None)
    assert near is not None
    assert far is not None
    assert near.soonest <= far.soonest


@given(st.lists(st.floats(-1e12, 1e12), min_size=1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=50)
def test_quantiles_are_ordered_and_within(values: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert min(values) - 1 <= quantile(values, low) <= quantile(values, high) + 1e-3 <= max(values) + 1


def test_only_the_days_since_the_pace_changed_count() -> None:
    slow = line(20, 0, 1e8)
    fast = [(20.0 + day, slow[-1][1] + 1e9 * (day + 1) * 0.9) for day in range(10)]
    found = trend([*slow, *fast])
    assert found.slope == pytest.approx(9e8, rel=0.05)
    assert found.points <= 12


def test_a_faster_pace_that_lasts_is_no_burst() -> None:
    slow = line(20, 0, 0.1 * GIB)
    fast = [(20.0 + day, slow[-1][1] + 2 * GIB * (day + 1)) for day in range(10)]
    found = trend([*slow, *fast])
    assert found.burst == 0
    assert found.slope == pytest.approx(2 * GIB, rel=0.1)


def test_what_is_over_its_limit_is_there_already() -> None:
    assert eta(trend([]), 10, 9) == Eta(0.0, 0.0)


def test_a_date_beyond_ten_years_is_none() -> None:
    assert eta(trend(line(30, 0, 1000.0)), 0, 1e12) is None


@pytest.mark.parametrize(
    ("day", "usual", "limit", "burst"),
    [
        (2 * GIB, 0.1 * GIB, None, True),
        (2 * GIB, GIB, None, False),
        (0.5 * GIB, 0, None, False),
        (0.5 * GIB, 0, 10 * GIB, True),
        (0.1 * GIB, 0, 10 * GIB, False),
        (2 * GIB, -GIB, None, True),
    ],
)
def test_a_burst_is_large_and_unusual(day: float, usual: float, limit: float | None, burst: bool) -> None:
    assert is_burst(day, usual, limit) is burst


def test_samples_become_daily_maxima_and_growth() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    samples = [
        Kept(start + timedelta(hours=6 * n), 21_600, {"table:a": (100.0 * n,), "table:b": (50.0,)}) for n in range(1, 9)
    ]
    assert [value for _, value in daily(samples, "table:a")] == [400.0, 800.0]
    assert growth(samples, start + timedelta(hours=12), "table:") == [("table:a", 200.0, 800.0)]
    assert growth([], start) == []
