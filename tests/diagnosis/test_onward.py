"""Names of conversations and the questions that lead on: from the log alone, in the asker's language."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import dbmedic.diagnosis.onward as onward
from dbmedic.core.events import Checked, Event, Found, Measured, ToolCalled, ToolReturned, TurnOpened
from dbmedic.core.lang import TAGS
from dbmedic.core.values import Finding, Question
from dbmedic.diagnosis.symptoms import symptoms
from dbmedic.diagnosis.understand import understand
from diagnosis.scene import CALLER, NOW, SHOP, measure

TABLE = tomllib.loads((Path(onward.__file__).parent / "onward.toml").read_text("utf-8"))
KEYS = sorted(TABLE["en"])


def turn(text: str, symptom: str | None = "locks", *after: Event) -> list[Event]:
    question = Question(text=text, caller=CALLER, api="dify")
    events: list[Event] = [TurnOpened(turn="t", conversation="c", run="r", question=question, opens=True)]
    if symptom is not None:
        args = {"instance": SHOP.id, "symptom": symptom}
        events.append(ToolCalled(call="k1", tool="diagnose", args=args, reply=1))
    return [*events, *after]


def blocking() -> list[Event]:
    """A lock storm was measured."""
    seen = measure("blocking-tree", "1234", root=1234, victims=7, wait_s=30.0)
    finding = Finding(check="blocking-tree", instance=SHOP.id, object="1234", level="error", measure=seen.id)
    checked = Checked(call="k1", check="blocking-tree", instance=SHOP.id, level="error", measures=(seen.id,))
    return [Measured(call="k1", measure=seen), Found(call="k1", finding=finding), checked]


def test_a_conversation_is_named_for_what_was_found() -> None:
    english = onward.named(turn("Why does checkout hang?", "locks", *blocking()))
    chinese = onward.named(turn("结账为什么卡住了？", "locks", *blocking()))
    assert english is not None
    assert english.startswith("rm-demo-shop: ")
    assert chinese is not None
    assert chinese != english
    assert any("\u4e00" <= char <= "\u9fff" for char in chinese)
    assert len(english) <= onward.NAME_CHARS


def test_where_nothing_was_found_the_question_names_it() -> None:
    quiet = Measured(call="k1", measure=measure("disk-used", ratio=0.2))
    assert onward.named(turn("How full is rm-demo-shop?", "disk", quiet)) == "rm-demo-shop: How full is ?"
    assert len(onward.named(turn("x" * 500, "disk", quiet)) or "") == onward.NAME_CHARS


def test_where_nothing_was_measured_there_is_no_better_name() -> None:
    assert onward.named(turn("hello", None)) is None
    assert onward.named(turn("Why?", "locks")) is None
    assert onward.named([]) is None


def test_a_cause_is_followed_by_its_cure() -> None:
    assert onward.questions(turn("Why does checkout hang?", "locks", *blocking()))[0] == TABLE["en"]["fix"]
    assert onward.questions(turn("结账为什么卡住了？", "locks", *blocking()))[0] == TABLE["zh-CN"]["fix"]


def test_there_are_three_and_none_repeats_the_question() -> None:
    for symptom in symptoms():
        found = onward.questions(turn("why?", symptom))
        assert len(set(found)) == 3, symptom
        assert TABLE["en"].get(symptom, "-").format(instance=SHOP.id) not in found


def test_a_turn_that_could_not_measure_is_tried_again() -> None:
    failed = ToolReturned(call="k1", ok=False, content="unreachable: connection refused")
    assert onward.questions(turn("why?", "locks", failed))[0] == TABLE["en"]["again"]


def test_without_an_instance_the_question_is_which_there_are() -> None:
    assert onward.questions(turn("hello", None)) == [TABLE["en"]["instances"]]
    assert onward.questions([]) == []


@pytest.mark.parametrize("tag", TAGS)
def test_every_language_has_every_question(tag: str) -> None:
    assert sorted(TABLE[tag]) == KEYS
    used = {key for keys in TABLE["after"].values() for key in keys}
    assert used <= set(KEYS)
    assert set(TABLE["after"]) - {"*"} <= set(symptoms())


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("fix", "again", "instances")])
def test_the_analyst_understands_what_it_proposes(tag: str, key: str) -> None:
    question = Question(text=TABLE[tag][key].format(instance=SHOP.id), caller=CALLER, api="dify")
    heard = understand(question, (SHOP,), (), NOW)
    assert (heard.topic, heard.symptom, heard.instance) == ("database", key, SHOP.id)
    assert heard.language == tag
