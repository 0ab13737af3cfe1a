"""The loop: replies, tools side by side, failures, a stop in the middle."""

from __future__ import annotations

import anyio
from tests.agent.playing import Memory, Script, hands

from dbmedic.agent.driver import drive
from dbmedic.agent.tool import Context, tool
from dbmedic.core.errors import ModelDown, Unreachable
from dbmedic.core.events import Answered, ModelFailed, ModelReplied, StopRequested, ToolReturned, TurnClosed
from dbmedic.core.values import Call, Reasoning, Rests, Text, Usage


@tool
async def echo(context: Context, words: str) -> str:
    """Say it back."""
    await anyio.sleep(0.05)
    return f"{words}!"


@tool
async def far(context: Context) -> str:
    """Never there."""
    raise Unreachable("db.example:5432 does not answer")


@tool
async def broken(context: Context) -> str:
    """Has a bug."""
    raise ZeroDivisionError


async def test_text_becomes_deltas_then_one_answer_that_closes_the_turn() -> None:
    log = Memory()
    await drive(log, hands(Script([Text("a"), Text("b"), Rests(("m1",)), Usage(prompt_tokens=2)]), log))
    assert log.kinds() == [
        "TurnOpened", "ModelCalled", "AnswerDelta", "AnswerDelta", "Answered", "ModelReplied", "TurnClosed",
    ]  # fmt: skip
    assert log.events[4] == Answered(reply=1, text="ab", rests_on=("m1",), final=True)
    assert isinstance(log.events[5], ModelReplied)
    assert log.events[5].usage.prompt_tokens == 2
    assert log.events[5].usage.first_token_s is not None


async def test_tools_of_one_reply_run_side_by_side_and_the_model_goes_on() -> None:
    calls = [Call("k1", "echo", {"words": "one"}), Call("k2", "echo", {"words": "two"})]
    log = Memory()
    started = anyio.current_time()
    await drive(log, hands(Script([Reasoning("hm"), *calls], [Text("done")]), log, echo))
    assert anyio.current_time() - started < 0.09
    returned = [event for event in log.events if isinstance(event, ToolReturned)]
    assert sorted((event.call, event.content, event.ok) for event in returned) == [
        ("k1", "one!", True),
        ("k2", "two!", True),
    ]
    assert log.turn.closed == "done"
    assert log.turn.answer == "done"


async def test_a_failing_tool_is_read_by_the_model_and_is_no_failure_of_the_turn() -> None:
    calls = [Call("1", "far", {}), Call("2", "broken", {}), Call("3", "nope", {}), Call("4", "echo", {"word": 1})]
    log = Memory()
    await drive(log, hands(Script(calls, [Text("so")]), log, far, broken, echo))
    said = {event.call: event for event in log.events if isinstance(event, ToolReturned)}
    assert not any(event.ok for event in said.values())
    assert said["1"].content == "unreachable: db.example:5432 does not answer"
    assert said["2"].content.startswith("bug: broken failed")
    assert "tools: far, broken, echo" in said["3"].content
    assert "word" in said["4"].content
    assert log.turn.closed == "done"


async def test_a_model_that_breaks_off_keeps_its_text_and_fails_the_turn() -> None:
    log = Memory()
    await drive(log, hands(Script([Text("half"), Call("k", "echo", {"words": "x"}), ModelDown("cut")]), log, echo))
    assert log.kinds()[-3:] == ["Answered", "ModelFailed", "TurnClosed"]
    assert log.turn.answer == "half"
    assert isinstance(log.events[-2], ModelFailed)
    assert log.turn.closed == "failed"


async def test_a_stop_in_the_middle_of_a_reply_keeps_what_was_said() -> None:
    log = Memory()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drive, log, hands(Script([Text("so far"), 5.0, Text("never")]), log))
            await anyio.sleep(0.02)
            await log.say(StopRequested(by="k"))
            scope.cancel()
    await drive(log, hands(Script(), log))
    assert log.kinds()[-3:] == ["StopRequested", "Answered", "TurnClosed"]
    assert log.turn.answer == "so far"
    assert isinstance(log.events[-1], TurnClosed)
    assert log.events[-1].reason == "stopped"


async def test_a_stop_while_a_tool_runs_says_that_the_tool_ended() -> None:
    log = Memory()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drive, log, hands(Script([Call("k", "echo", {"words": "x"})]), log, echo))
            await anyio.sleep(0.02)
            await log.say(StopRequested(by="k"))
            scope.cancel()
    await drive(log, hands(Script(), log))
    assert log.kinds()[-2:] == ["ToolReturned", "TurnClosed"]
    assert not log.turn.open


async def test_a_model_that_never_stops_calling_tools_meets_the_limit() -> None:
    log = Memory()
    script = Script(*([Call(f"k{n}", "far", {})] for n in range(30)))
    await drive(log, hands(script, log, far))
    assert log.turn.closed == "limit"


def test_the_schema_of_a_tool_comes_from_its_types() -> None:
    assert echo.spec.name == "echo"
    assert echo.spec.description == "Say it back."
    assert echo.spec.schema == {
        "type": "object",
        "properties": {"words": {"type": "string"}},
        "required": ["words"],
        "additionalProperties": False,
    }
