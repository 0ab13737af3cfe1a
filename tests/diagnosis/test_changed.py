"""What changed, in the words of an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from checks.test_history import NINE, canned
from dbmedic.checks.history_since import compare
from dbmedic.core import lang
from dbmedic.core.events import Measured
from dbmedic.core.values import Call
from dbmedic.diagnosis.analyst import decide
from dbmedic.diagnosis.changed import ORDER, changed, known_since
from dbmedic.diagnosis.evidence import Evidence, evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.said import Reader
from dbmedic.diagnosis.when import Window
from dbmedic.tools.changes import measured
from diagnosis.scene import NOW, answered, failed, measure, normal, request
from fix_history import NOW as MORNING

WINDOW = Window(NINE, MORNING)


async def seen() -> Evidence:
    found = await compare(canned(), NINE, MORNING)
    assert found is not None
    history = measure("history", "shop", since=found.since.isoformat())
    told = [measured(change, f"c{n}", "shop", MORNING) for n, change in enumerate(found.changes)]
    return evidence([Measured(call="k1", measure=one) for one in (history, *told)])


@pytest.mark.parametrize("tag", lang.TAGS)
async def test_every_change_is_said_in_every_language_and_rests_on_its_measure(tag):
    found = await seen()
    page = Page(Reader(tag, "Asia/Shanghai"))
    changed(page, WINDOW, found)
    assert "{" not in page.text
    assert set(page.rests) == set(found.measures)
    for fact in ("4MB", "64kB", "orders_customer", "20 ms", "2026-11-20 17:05 CST"):
        assert fact in page.text, fact


async def test_in_english():
    page = Page(Reader("en", "Asia/Shanghai"))
    changed(page, WINDOW, await seen())
    lines = page.text.splitlines()
    assert lines[0] == "**What changed since 2026-11-20 17:00 CST**"
    assert lines[1] == "- The server restarted, from about 2026-11-20 17:05 CST"
    assert lines[3].startswith("- Setting `work_mem`: 4MB → 64kB, from about 2026-11-20 17:10 CST")
    slow = next(line for line in lines if "customer_id" in line)
    assert slow.startswith("- `select * from orders where customer_id = $1` takes 3")
    assert "before 20 ms" in slow
    assert any("Connections: 90, usual then 20" in line for line in lines)
    assert any("`shop.public.orders` grew by 1.9 GiB" in line for line in lines)


def test_what_was_not_sampled_is_said():
    reader = Reader("en", "UTC")
    nothing = Evidence()
    assert "I keep no history" in str(known_since(WINDOW, nothing, reader))
    young = evidence([Measured(call="k1", measure=measure("history", since=(NINE + timedelta(hours=1)).isoformat()))])
    assert known_since(WINDOW, young, reader) == "I sample since 2026-11-20 10:00 UTC; what was before is not known."
    old = evidence([Measured(call="k1", measure=measure("history", since=(NINE - timedelta(hours=1)).isoformat()))])
    assert known_since(WINDOW, old, reader) is None


def test_an_answer_with_history_says_that_nothing_changed_and_no_longer_that_it_knows_nothing():
    history = [Measured(call="k1", measure=measure("history", since=(NOW - timedelta(days=9)).isoformat()))]
    fine = [*normal("blocking-tree"), *normal("wait-profile")]
    text = answered("rm-demo-shop is slow since this morning", [*history, *fine])
    assert "nothing that I sample changed notably" in text
    assert "I keep no history" not in text


def test_a_comparison_without_history_says_what_it_lacks():
    seen = [*normal("active-sessions", active=1), *failed("throughput-shift", "no_history")]
    text = answered("load dropped suddenly, QPS fell", seen, symptom="traffic-drop")
    assert "What was before is not known, for nothing was sampled yet" in text


def test_what_was_fast_before_is_compared_without_a_time():
    start, end = NOW - timedelta(days=1), NOW
    times = {"since": NOW - timedelta(days=9), "start": start, "end": end}
    history = measure("history", **{name: at.isoformat() for name, at in times.items()})
    text = answered("rm-demo-shop was fast before", [Measured(call="k1", measure=history)], symptom="plan-changed")
    assert "Since 2026-11-20 14:30 CST nothing that I sample changed notably" in text


def asked(text: str) -> dict[str, object]:
    """What the first call of the analyst is told."""
    return next(piece.args for piece in decide(request(text)) if isinstance(piece, Call))


def test_the_asked_time_goes_with_the_first_look():
    assert asked("rm-demo-shop slow since this morning")["since"] == "2026-11-21T06:00:00+08:00"
    assert "until" not in asked("rm-demo-shop slow since this morning")
    between = asked("rm-demo-shop was slow yesterday between 22:00 and 23:30")
    assert (between["since"], between["until"]) == ("2026-11-20T22:00:00+08:00", "2026-11-20T23:30:00+08:00")
    assert "since" not in asked("rm-demo-shop is slow lately")


def test_every_kind_of_change_has_its_place():
    from typing import get_args

    from dbmedic.checks.history_changes import Kind

    assert set(ORDER) == set(get_args(Kind))
