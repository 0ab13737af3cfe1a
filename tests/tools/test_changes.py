"""What changed, told by tools: over canned history, over none, and since a time that is none."""

from __future__ import annotations

from itertools import count

import pytest

from checks.test_history import canned
from dbmedic.agent.tool import Context
from dbmedic.core.errors import BadField
from dbmedic.core.events import Event, Measured
from dbmedic.core.history import History
from dbmedic.core.ports import Target
from dbmedic.core.values import Caller, Instance, Question
from dbmedic.tools import tools
from fix_history import NOW, Canned


def context(history: History | None, heard: list[Event]) -> Context:
    numbers = count(1)

    async def target(instance: str) -> Target:
        return Target(Instance(id=instance, url="postgresql://u@h/d"), None, None, history)  # type: ignore[arg-type]

    async def say(event: Event) -> None:
        heard.append(event)

    caller = Caller(account="default", user="u", key="k")
    return Context(
        call="k1",
        question=Question(text="why slow since nine?", caller=caller, api="cli"),
        instances=(),
        target=target,
        say=say,
        new_measure=lambda: f"m{next(numbers)}",
        now=lambda: NOW,
    )


async def test_each_change_is_a_measure_of_the_history_with_its_time_and_object():
    heard: list[Event] = []
    args = {"instance": "shop", "since": "2026-11-20T17:00:00+08:00"}
    text = await tools()["changes"](context(canned(), heard), args)
    measures = [event.measure for event in heard if isinstance(event, Measured)]
    assert measures[0].what == "history"
    assert {one.source for one in measures} == {"history"}
    assert "setting work_mem: 4MB -> 64kB" in text
    slower = next(one for one in measures if one.values.get("kind") == "slower")
    assert slower.object == "select * from orders where customer_id = $1"
    assert slower.units["before"] == "seconds"
    assert all(f"[{one.id}]" in text for one in measures)


@pytest.mark.parametrize("history", [None, Canned(began=None)])
async def test_without_history_it_says_so(history):
    heard: list[Event] = []
    text = await tools()["changes"](context(history, heard), {"instance": "shop", "since": "2026-11-20T09:00:00"})
    assert text.startswith("No history is kept")
    assert heard == []


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [("this morning", None, "write it like"), ("2026-11-20T09:00:00", "2026-11-20T08:00:00", "not after")],
)
async def test_a_time_that_is_none_is_named(since, until, said):
    with pytest.raises(BadField, match=said):
        await tools()["changes"](context(canned(), []), {"instance": "shop", "since": since, "until": until})
