"""What a log leads to next: the whole of a turn's decisions, as a table."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce

import pytest

from dbmedic.agent.turn import REPLIES, CallModel, Close, RequestApproval, RunTool, Turn, apply, todo
from dbmedic.core.events import (
    Answered,
    AnswerGrew,
    ApprovalDecided,
    ApprovalRequested,
    Event,
    ModelCalled,
    ModelFailed,
    ModelReplied,
    StopRequested,
    ToolCalled,
    ToolReturned,
    TurnClosed,
    TurnFailed,
    TurnOpened,
)
from dbmedic.core.values import Caller, Question, Usage

QUESTION = Question(text="why?", caller=Caller(account="a", user="u", key="k"), api="test")
OPENED = TurnOpened(turn="t", conversation="c", run="r", question=QUESTION, opens=True)
READ = ToolCalled(call="k1", tool="measure", args={}, reply=1)
WRITE = ToolCalled(call="k2", tool="change", args={}, reply=1, writes=True)
ASKED = ApprovalRequested(
    call="k2",
    round=1,
    tool="change",
    args={},
    instance="i",
    statement="s",
    risk="AX",
    description="",
    until=datetime(2026, 1, 1, tzinfo=UTC),
)
GRANTED = ApprovalDecided(call="k2", granted=True, by="p", how="cli")


def folded(*events: Event) -> Turn:
    return reduce(apply, (OPENED, *events), Turn())


@pytest.mark.parametrize(
    ("events", "next_up"),
    [
        ((), [CallModel(1)]),
        ((ModelCalled(reply=1, model="m"), READ), [RunTool(READ)]),
        ((READ, ToolCalled(call="k3", tool="t", args={}, reply=1)), None),
        ((READ, ToolReturned(call="k1", ok=True, content="")), [CallModel(1)]),
        ((ModelCalled(reply=1, model="m"), READ, ToolReturned(call="k1", ok=True, content="")), [CallModel(2)]),
        ((WRITE,), [RequestApproval(WRITE, 1)]),
        ((WRITE, ASKED), []),
        ((WRITE, ASKED, GRANTED), [RunTool(WRITE)]),
        ((READ, WRITE), [RunTool(READ)]),
        ((READ, WRITE, ToolReturned(call="k1", ok=True, content="")), [RequestApproval(WRITE, 1)]),
        ((READ, WRITE, ASKED), [RunTool(READ)]),
        ((Answered(reply=1, text="so"),), [Close("done")]),
        ((Answered(reply=1, text="let me look", final=False),), [CallModel(1)]),
        ((StopRequested(by="p"),), [Close("stopped")]),
        ((READ, StopRequested(by="p")), [Close("stopped")]),
        ((Answered(reply=1, text="so"), StopRequested(by="p")), [Close("stopped")]),
        ((TurnFailed(code="bug", sentence="s"),), [Close("failed")]),
        ((ModelFailed(reply=1, model="m", code="model_down", sentence="s"),), [Close("failed")]),
        ((ModelFailed(reply=1, model="m", code="model_down", sentence="s", will_retry=True),), [CallModel(1)]),
        ((ModelCalled(reply=REPLIES, model="m"),), [Close("limit")]),
        ((TurnClosed(reason="done", usage=Usage()),), []),
    ],
)
def test_what_is_to_do_follows_from_the_log(events: tuple[Event, ...], next_up: list[object] | None) -> None:
    turn = folded(*events)
    if next_up is None:
        assert [type(command) for command in todo(turn)] == [RunTool, RunTool]
    else:
        assert todo(turn) == next_up


def test_the_answer_is_all_replies_and_what_streams_now() -> None:
    turn = folded(
        Answered(reply=1, text="First. ", final=False),
        ModelCalled(reply=2, model="m"),
        AnswerGrew(reply=2, start=0, text="Then"),
        AnswerGrew(reply=2, start=4, text=" this"),
    )
    assert turn.answer == "First. Then this"
    assert folded(Answered(reply=1, text="First. "), Answered(reply=2, text="Then this.")).answer == "First. Then this."


def test_text_kept_twice_counts_once() -> None:
    turn = folded(AnswerGrew(reply=1, start=0, text="abc"), AnswerGrew(reply=1, start=2, text="cd"))
    assert turn.saying == "abcd"


def test_usage_adds_up_over_replies() -> None:
    one = ModelReplied(reply=1, model="m", usage=Usage(prompt_tokens=3, first_token_s=0.5), took_s=1)
    two = ModelReplied(
        reply=2, model="m", usage=Usage(prompt_tokens=4, completion_tokens=1, first_token_s=0.1), took_s=1
    )
    assert folded(one, two).usage == Usage(prompt_tokens=7, completion_tokens=1, first_token_s=0.5)
