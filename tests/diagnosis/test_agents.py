"""The analyst acts as the agent that was selected: only its tools, and also the checks its skills ask for."""

from __future__ import annotations

import msgspec
import pytest

from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Agent, Call, InstanceCard, Piece, Skill, ToolSpec
from dbmedic.diagnosis.agents import hinted
from dbmedic.diagnosis.analyst import decide
from dbmedic.diagnosis.symptoms import symptoms
from diagnosis.scene import found, request, said, turn

PLAIN = Agent(id="a", version=1, name="n", prompt="p")


def asking(tools: str, agent: Agent = PLAIN, text: str = "Is the disk of rm-demo-shop full?") -> ModelRequest:
    specs = tuple(ToolSpec(name=name, description="", schema={}) for name in tools.split())
    return msgspec.structs.replace(request(text), agent=agent, tools=specs)


def calls(pieces: list[Piece]) -> list[tuple[str, object]]:
    return [(piece.tool, piece.args) for piece in pieces if isinstance(piece, Call)]


def test_without_an_agent_all_tools_are_used() -> None:
    assert [tool for tool, _ in calls(decide(request("Is the disk of rm-demo-shop full?")))] == ["diagnose"]


def test_measure_stands_in_for_diagnose() -> None:
    ((tool, args),) = calls(decide(asking("measure schema")))
    assert tool == "measure"
    assert args["checks"]  # type: ignore[index]
    assert set(args["checks"]) <= set(symptoms()["disk"].stages_for("postgres")[0])  # type: ignore[index]


@pytest.mark.parametrize("tools", ["", "schema query"])
def test_an_agent_that_may_not_measure_says_so(tools: str) -> None:
    pieces = decide(asking(tools))
    assert calls(pieces) == []
    assert "may use none of the tools that measure" in said(pieces)


def test_an_agent_that_may_not_measure_still_greets() -> None:
    assert "I am dbmedic" in said(decide(asking("", text="hello")))


def test_no_deeper_look_with_a_tool_that_is_not_allowed() -> None:
    events = turn(found("disk-usage", used=1, total=2, ratio=0.5))
    specs = (ToolSpec(name="schema", description="", schema={}),)
    asked = msgspec.structs.replace(request("why is it slow?", events), agent=PLAIN, tools=specs)
    pieces = decide(asked)
    assert calls(pieces) == []
    assert said(pieces).strip()


def skill(text: str, engine: str = "postgres") -> Agent:
    return msgspec.structs.replace(PLAIN, skills=(Skill(name="s", description="d", texts={engine: text}),))


def test_checks_that_a_skill_asks_for_are_measured_too() -> None:
    agent = skill("Always look at connections.\nchecks: active-sessions, no-such-check\n")
    found_ = calls(decide(asking("diagnose measure", agent)))
    assert [tool for tool, _ in found_] == ["diagnose", "measure"]
    assert "active-sessions" in found_[1][1]["checks"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "engine", "expected"),
    [
        ("checks: active-sessions", "postgres", ["active-sessions"]),
        ("- Check: `active-sessions`", "postgres", ["active-sessions"]),
        ("checks: active-sessions active-sessions", "postgres", ["active-sessions"]),
        ("checks: active-sessions", "mysql", []),
        ("checks: nothing-such", "postgres", []),
        ("symptom: nothing-such", "postgres", []),
        ("We check: the sessions", "postgres", []),
        ("", "postgres", []),
    ],
)
def test_hints(text: str, engine: str, expected: list[str]) -> None:
    assert hinted(skill(text), engine) == expected


def test_a_symptom_hint_is_its_first_stage() -> None:
    checks = hinted(skill("symptom: locks"), "postgres")
    assert checks
    assert set(checks) <= set(symptoms()["locks"].stages_for("postgres")[0])


def test_nobody_has_no_hints() -> None:
    assert hinted(None, "postgres") == []
    assert InstanceCard(id="x").engine == ""
