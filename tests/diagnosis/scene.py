"""Turns made by hand: what a server would have said, as events, without a server."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import msgspec

from dbmedic.checks.check import catalogue
from dbmedic.core.events import Checked, Event, Found, Measured, Skipped, ToolCalled, ToolReturned
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import (
    Call,
    Caller,
    Exchange,
    Finding,
    Fix,
    InstanceCard,
    Measure,
    Piece,
    Question,
    Rests,
    Text,
)
from dbmedic.diagnosis.analyst import decide
from dbmedic.diagnosis.evidence import Fact
from dbmedic.diagnosis.said import Reader, finding, title, why
from dbmedic.diagnosis.understand import understand

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
"""A Saturday, 14:30 in Shanghai."""
CALLER = Caller(account="default", user="u", key="k")
SHOP = InstanceCard(id="rm-demo-shop", engine="postgres", name="Shop")
CLOUD = InstanceCard(id="rm-bp1abc234def", engine="mysql", name="订单库")

_numbers = itertools.count(1)


def measure(check: str, object: str = "rm-demo-shop", /, *, window_s: float | None = None, **values: Any) -> Measure:  # noqa: A002
    """A measure of a check with the check's own units; units of columns it does not know are guessed from the value."""
    known = catalogue().get(check)
    units: dict[str, Any] = dict(known.columns) if known else {}
    for name, value in values.items():
        units.setdefault(name, "count" if isinstance(value, int | float) else "text")
    return Measure(
        id=f"m{next(_numbers)}",
        what=check,
        instance="rm-demo-shop",
        object=object,
        values=values,
        units={name: units[name] for name in units if name in values},
        source="test",
        at=NOW,
        window_s=window_s,
    )


def found(
    check: str,
    level: str = "error",
    object: str = "rm-demo-shop",  # noqa: A002
    *,
    fix: Fix | None = None,
    confidence: str = "measured",
    posture: bool = False,
    window_s: float | None = None,
    **values: Any,
) -> list[Event]:
    """A finding, its measure and its level."""
    one = measure(check, object, window_s=window_s, **values)
    finding = Finding(
        check=check,
        instance="rm-demo-shop",
        object=object,
        level=level,  # type: ignore[arg-type]
        measure=one.id,
        confidence=confidence,  # type: ignore[arg-type]
        fix=fix,
        posture=posture,
    )
    checked = Checked(call="k1", check=check, instance="rm-demo-shop", level=level, measures=(one.id,))  # type: ignore[arg-type]
    return [Measured(call="k1", measure=one), Found(call="k1", finding=finding), checked]


def normal(check: str, object: str = "rm-demo-shop", *, window_s: float | None = None, **values: Any) -> list[Event]:  # noqa: A002
    """A check that is fine; with values, their measure too."""
    if not values:
        return [Checked(call="k1", check=check, instance="rm-demo-shop", level="normal")]
    one = measure(check, object, window_s=window_s, **values)
    checked = Checked(call="k1", check=check, instance="rm-demo-shop", level="normal", measures=(one.id,))
    return [Measured(call="k1", measure=one), checked]


def failed(check: str, reason: str, sentence: str = "", grant: str | None = None) -> list[Event]:
    return [
        Checked(
            call="k1",
            check=check,
            instance="rm-demo-shop",
            level="failed",
            reason=reason,
            sentence=sentence,
            grant=grant,
        )
    ]


def skipped(check: str) -> list[Event]:
    return [Skipped(call="k1", check=check, instance="rm-demo-shop", because="it is not about postgres")]


def turn(*groups: list[Event], symptom: str = "slow", ok: bool = True, content: str = "") -> tuple[Event, ...]:
    """The log of a turn in which one `diagnose` call said these events and came back."""
    call = ToolCalled(
        call="k1", tool="diagnose", args={"instance": "rm-demo-shop", "symptom": symptom}, reply=1, writes=False
    )
    return (call, *(event for group in groups for event in group), ToolReturned(call="k1", ok=ok, content=content))


def request(
    text: str,
    events: tuple[Event, ...] = (),
    *,
    visible: tuple[InstanceCard, ...] = (SHOP,),
    history: tuple[Exchange, ...] = (),
    language: str | None = None,
    zone: str | None = "Asia/Shanghai",
    instance: str | None = None,
) -> ModelRequest:
    return ModelRequest(
        question=Question(text=text, caller=CALLER, api="test", language=language, zone=zone, instance=instance),
        instances=visible,
        history=history,
        events=events,
        messages=(),
        tools=(),
        reply=2 if events else 1,
        now=NOW,
    )


def said(pieces: list[Piece]) -> str:
    """The text of a reply."""
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


def concluded(ask: ModelRequest) -> list[Piece]:
    """The last reply of a turn whose deeper looks find nothing more."""
    while True:
        pieces = decide(ask)
        calls = [piece for piece in pieces if isinstance(piece, Call)]
        if not calls:
            return pieces
        called = [ToolCalled(call=call.id, tool=call.tool, args=call.args, reply=ask.reply) for call in calls]
        back = [ToolReturned(call=call.id, ok=True, content="") for call in calls]
        ask = msgspec.structs.replace(ask, events=(*ask.events, *called, *back), reply=ask.reply + 1)


def answered(text: str, *groups: list[Event], symptom: str = "slow", **more: Any) -> str:
    """The answer to a question after a turn with these events."""
    return said(concluded(request(text, turn(*groups, symptom=symptom), **more)))


def golden(text: str, *groups: list[Event], symptom: str = "slow", **more: Any) -> str:
    """The answer, in which the words that a check's own file chooses stand as «check», «check: why», «check: title»."""
    ask = request(text, turn(*groups, symptom=symptom), **more)
    answer = said(concluded(ask))
    reader = Reader(understand(ask.question, ask.instances, ask.history, ask.now).language, ask.question.zone)
    measures = {event.measure.id: event.measure for event in ask.events if isinstance(event, Measured)}
    for one in measures.values():
        answer = answer.replace(finding(one, reader), f"«{one.what}»")
    for event in ask.events:
        if isinstance(event, Found):
            fact = Fact(event.finding, measures[event.finding.measure])
            answer = answer.replace(why(fact, reader) or "«»", f"«{fact.check}: why»")
    for check in catalogue():
        for bracket in (" (", "（"):
            answer = answer.replace(f"{title(check, reader)}{bracket}", f"«{check}: title»{bracket}")
    return answer


def rests(pieces: list[Piece]) -> tuple[str, ...]:
    return next((piece.on for piece in pieces if isinstance(piece, Rests)), ())
