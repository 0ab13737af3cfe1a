"""What AG-UI clients are told of every scenario, live and from the store, in the types of its official package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from dbmedic.api.agui.asking import asked
from dbmedic.api.agui.projection import Projection
from dbmedic.core.errors import BadField
from dbmedic.core.events import Entry
from fix_scenarios import SCENARIOS, kept, live

EVENTS: TypeAdapter[Any] = TypeAdapter(Event)
PAIRS = {
    "TEXT_MESSAGE_START": "TEXT_MESSAGE_END",
    "REASONING_START": "REASONING_END",
    "REASONING_MESSAGE_START": "REASONING_MESSAGE_END",
    "TOOL_CALL_START": "TOOL_CALL_END",
}


def told(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    projection = Projection("thread", "run")
    events = [projection.begin()]
    for entry in entries:
        events += projection.feed(entry)
    return [*events, *projection.end()]


def message(events: Iterable[dict[str, Any]]) -> list[Any]:
    """What a client has in the end: texts by kind, tool calls with their results, and the end."""
    texts, rest = {"TEXT_MESSAGE_CONTENT": "", "REASONING_MESSAGE_CONTENT": ""}, []
    for event in events:
        if event["type"] in texts:
            texts[event["type"]] += event["delta"]
        elif event["type"].startswith(("TOOL_CALL", "RUN")):
            rest.append(event)
    return [texts, rest]


@pytest.mark.parametrize("name", SCENARIOS)
def test_live_and_kept_events_tell_the_same_in_the_protocols_types(name: str) -> None:
    events = told(live(name))
    assert message(events) == message(told(kept(live(name))))
    for event in events:
        EVENTS.validate_python(event)
    assert events[0]["type"] == "RUN_STARTED"
    assert [event["type"] in ("RUN_FINISHED", "RUN_ERROR") for event in events].index(True) == len(events) - 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_start_has_its_end_and_messages_do_not_overlap(name: str) -> None:
    for entries in (live(name), kept(live(name))):
        waiting: list[str] = []
        seen: set[tuple[str, str]] = set()
        for event in told(entries):
            if end := PAIRS.get(event["type"]):
                begun = (event["type"], event.get("messageId") or event["toolCallId"])
                assert begun not in seen
                seen.add(begun)
                assert not waiting or waiting == ["REASONING_END"]
                waiting.append(end)
            elif event["type"] in PAIRS.values():
                assert waiting.pop() == event["type"]
            elif event["type"] == "RUN_FINISHED":
                assert not waiting


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_run_that_goes_on_repeats_nothing(name: str) -> None:
    entries = kept(live(name))
    for before in range(1, len(entries)):
        first, second = Projection("t", "r1"), Projection("t", "r2", before)
        heard = [event for entry in entries[:before] for event in first.feed(entry)]
        heard += [event for entry in entries for event in second.feed(entry)]
        assert message(heard)[0] == message(told(entries))[0]
        assert [one for one in heard if one["type"] == "TOOL_CALL_RESULT"] == [
            one for one in told(entries) if one["type"] == "TOOL_CALL_RESULT"
        ]


INPUT = {"threadId": "t", "runId": "r", "messages": [{"id": "1", "role": "user", "content": "why?"}]}
ENTRY = {"interruptId": "i", "status": "resolved"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"threadId": ""}, "threadId"),
        ({"runId": 7}, "runId"),
        ({"threadId": "x" * 300}, "threadId"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["why?"]}, "messages[0]"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "messages[0]"),
        ({"context": [7]}, "context[0]"),
        ({"forwardedProps": {"instance": 7}}, "forwardedProps.instance"),
        ({"resume": {"approved": True}}, "resume"),
        ({"resume": [{"interruptId": "i", "status": "granted"}]}, "resume[0]"),
        ({"resume": [ENTRY | {"payload": {"approved": "yes"}}]}, "resume[0]"),
        ({"resume": [ENTRY | {"payload": 1}]}, "resume[0]"),
        ({"resume": [ENTRY]}, "resume[0]"),
        ({"resume": [{"interruptId": "", "status": "cancelled"}]}, "resume[0]"),
    ],
)
def test_what_is_no_input_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as wrong:
        asked(INPUT | change)
    assert wrong.value.name == field


def test_an_input_with_everything() -> None:
    talk = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "disk?"},
        {"role": "assistant", "content": "23 %"},
        {"role": "tool", "content": "x", "toolCallId": "c"},
        {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": "memory?"}]},
    ]
    props = {"instance": "shop", "language": "zh", "other": 1}
    context = [{"description": "Page", "value": "orders"}]
    found = asked(INPUT | {"messages": talk, "forwardedProps": props, "context": context, "tools": [], "state": {}})
    assert (found.question, found.instance, found.language) == ("and\nmemory?", "shop", "zh")
    assert [(one.question, one.answer) for one in found.earlier] == [("disk?", "23 %")]
    assert found.instructions == "Page: orders\n\nBe short."
