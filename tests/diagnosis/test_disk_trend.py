"""A disk answer with a history: a date as a range, or why there is none."""

from __future__ import annotations

from typing import Any

import pytest
from tests.diagnosis import faults
from tests.diagnosis.scene import answered, failed, found, normal

from dbmedic.core import lang
from dbmedic.core.events import Event

DAY = 86400.0
GIB = float(1 << 30)
ASKED = "Disk usage? Do we need to expand?"


def grows(soonest: float = 12 * DAY, latest: float | None = 18 * DAY, **more: Any) -> list[Event]:
    values = {
        "what": "volume", "name": "/data", "trend": "trend", "points": 21, "soonest": soonest, "latest": latest,
        "used_bytes": 23 * GIB, "limit_bytes": 90 * GIB, "slope_bytes": 4 * GIB, "top": "table shop.public.events",
        "top_share": 0.8,
    }  # fmt: skip
    return found("disk-forecast", "warning", "volume /data", **{**values, **more})


def told(*groups: list[Event], text: str = ASKED) -> str:
    return answered(text, faults.disk(), *faults.parts(120_000.0), *groups, symptom="disk")


def test_a_date_within_a_month_is_the_verdict_and_a_range():
    text = told(grows())
    assert "at its pace of 21 days it reaches 90 % in 12 d to 18 d: plan the expansion now" in text
    assert "grew by 4 GiB a day over 21 days" in text
    assert "table `shop.public.events` makes 80 % of that growth" in text
    assert "No trend yet" not in text
    assert "needs 1.2 TiB" in text
    assert text.count("12 d to 18 d") == 2


def test_a_distant_date_is_told_and_alarms_nobody():
    text = told(grows(soonest=200 * DAY, latest=None))
    assert "no expansion is needed today, but it grows" in text
    assert "reaches 90 % in 200 d at the soonest" in text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"trend": "none", "points": 2, "soonest": None}, "no trend yet, 2 days of samples; a date needs 3"),
        ({"trend": "flat", "soonest": None, "slope_bytes": None}, "no growth trend over 21 days"),
        ({"points": 4}, "low confidence: only 4 days"),
        ({"burst": 40 * GIB, "burst_at": "2026-11-18T00:00:00+00:00"}, "A jump of 40 GiB on 2026-11-18 is left out"),
    ],
)
def test_what_is_no_sure_trend_says_so(values: dict[str, Any], said: str):
    assert said in told(grows(**values))


def test_without_history_it_says_what_would_give_a_date():
    text = told(failed("disk-forecast", "no_history", "nothing was sampled yet"))
    assert "There is no history yet, so no date" in text
    assert "dbmedic serve" in text


def test_numbers_that_run_out_stand_beside_the_disk():
    numbers = found(
        "disk-forecast", "warning", "sequence shop.orders", what="sequence", name="shop.orders", trend="trend",
        points=20, used=2_000_000_000, limit=2_147_483_647, soonest=9 * DAY, latest=11 * DAY,
    )  # fmt: skip
    text = told(numbers, text="How long will the disk last?")
    assert (
        "Sequence `shop.orders`: 2 000 000 000 of 2 147 483 647 used; at its pace it runs out in 9 d to 11 d." in text
    )


@pytest.mark.parametrize("tag", lang.TAGS)
def test_in_every_language(tag: str):
    jump = grows(burst=GIB, burst_at="2026-11-18T00:00:00+00:00")
    fine = normal("disk-growth-burst")
    text = answered("磁盘使用率?", faults.disk(), *faults.parts(), jump, fine, symptom="disk", language=tag)
    assert "{" not in text
    assert "12 d" in text
