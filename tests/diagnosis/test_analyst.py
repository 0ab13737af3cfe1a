"""The analyst as a model: what it asks of the tools, when it stops, how it streams, and what its text rests on."""

from __future__ import annotations

import re

import msgspec
import pytest
from tests.diagnosis import faults
from tests.diagnosis.scene import CLOUD, SHOP, answered, concluded, failed, normal, request, rests, said, skipped, turn

from dbmedic.core.events import Measured, ToolCalled, ToolReturned
from dbmedic.core.values import Call, Exchange, Reasoning, Text
from dbmedic.diagnosis.analyst import Analyst, decide
from dbmedic.diagnosis.symptoms import symptoms


def calls(text: str, **more: object) -> list[Call]:
    return [piece for piece in decide(request(text, **more)) if isinstance(piece, Call)]  # type: ignore[arg-type]


# -- what it asks for ------------------------------------------------------------------------------------------------


def test_a_question_becomes_one_diagnosis_and_a_word_about_why():
    step, call = decide(request("实例rm-demo-shop 磁盘使用率,是否需要扩容"))
    assert call == Call("k1", "diagnose", {"instance": "rm-demo-shop", "symptom": "disk"})
    assert isinstance(step, Reasoning)
    assert "磁盘" in step.text


def test_the_time_said_is_passed_on_in_the_askers_zone():
    (call,) = calls("orders page slow since this morning")
    assert call.args == {"instance": "rm-demo-shop", "symptom": "slow", "since": "2026-11-21T06:00:00+08:00"}


def test_a_second_thing_is_measured_beside_the_first_without_doing_anything_twice():
    first, second = calls("too many connections? and how full is the disk?")
    assert (first.tool, first.args["symptom"], second.tool) == ("diagnose", "connections", "measure")
    planned = set(symptoms()["connections"].stages_for("postgres")[0])
    assert "disk-used" in second.args["checks"]
    assert not planned & set(second.args["checks"])


@pytest.mark.parametrize("text", ["hi", "谢谢", "who are you", "what's the weather", "有哪些实例", "rm-other is slow"])
def test_what_needs_no_measuring_calls_nothing(text):
    pieces = decide(request(text, visible=(SHOP, CLOUD)))
    assert said(pieces)
    assert not [piece for piece in pieces if isinstance(piece, Call)]


def test_a_follow_up_measures_the_instance_of_the_conversation():
    before = Exchange(question="磁盘使用率", answer="23 %", instance="rm-demo-shop", symptom="disk")
    (call,) = calls("那连接数呢?", history=(before,), visible=(SHOP, CLOUD))
    assert call.args == {"instance": "rm-demo-shop", "symptom": "connections"}


# -- stages ------------------------------------------------------------------------------------------------------------


def test_what_explains_too_little_is_looked_at_deeper():
    (call,) = [piece for piece in decide(request("who blocks whom?", turn(*faults.fine()))) if isinstance(piece, Call)]
    assert call == Call("k2", "diagnose", {"instance": "rm-demo-shop", "symptom": "locks", "stage": 2})


def test_what_explains_enough_is_answered_at_once():
    pieces = decide(request("who blocks whom?", turn(faults.idle(), faults.blocking())))
    assert not [piece for piece in pieces if isinstance(piece, Call)]


def test_a_stage_is_run_once():
    args = {"instance": "rm-demo-shop", "symptom": "locks", "stage": 2}
    again = ToolCalled(call="k2", tool="diagnose", args=args, reply=2)
    events = (*turn(*faults.fine()), again, ToolReturned(call="k2", ok=True, content=""))
    assert not [piece for piece in decide(request("who blocks whom?", events)) if isinstance(piece, Call)]


# -- what it says ----------------------------------------------------------------------------------------------------


def test_the_text_comes_line_by_line_and_then_what_it_rests_on():
    events = turn(faults.missing_index(), faults.top_query(), *faults.fine_but("missing-index"))
    pieces = concluded(request("why slow", events))
    lines = [piece.text for piece in pieces if isinstance(piece, Text)]
    assert len(lines) > 10
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines[:-2])
    assert pieces[-1].on == rests(pieces)  # type: ignore[union-attr]


def test_every_number_rests_on_a_measure_of_this_turn():
    events = turn(
        faults.idle(), faults.blocking(), faults.connections(), *faults.fine_but("conn-usage", "blocking-tree")
    )
    known = {event.measure.id for event in events if isinstance(event, Measured)}
    on = rests(concluded(request("why slow", events)))
    assert on
    assert set(on) <= known
    assert len(set(on)) == len(on)


@pytest.mark.parametrize(
    "text",
    ["why is it slow since this morning", "为什么今天早上开始变慢", "遅い", "磁碟快滿了嗎", "is anything wrong?"],
)
@pytest.mark.parametrize(
    "groups", [faults.fine(), [faults.idle(), faults.blocking(), faults.missing_index(), *faults.parts()]]
)
def test_no_hole_of_a_phrase_stays_open(text, groups):
    answer = answered(text, *groups)
    assert not re.search(r"\{\w+\}|\bNone\b|not measured\b(?! *:)", answer)


def test_an_answer_fits_a_screen():
    everything = [
        faults.idle(), faults.blocking(), faults.waits(), faults.active(), faults.missing_index(), faults.top_query(),
        faults.connections(), faults.cpu(), faults.dead_rows(), faults.horizon(), *faults.parts(),
        failed("query-temp", "permission", "", "GRANT pg_monitor TO dbmedic"),
    ]  # fmt: skip
    assert len(answered("why is everything slow", *everything).splitlines()) <= 45


def test_a_wish_to_change_something_is_refused_in_the_first_line():
    answer = answered("kill session 4711", faults.idle(), faults.blocking())
    assert answer.splitlines()[0].startswith("I only read")
    assert "pg_terminate_backend(4711)" in answer


def test_a_second_thing_gets_its_sentence():
    answer = answered("why is it slow, and is the disk full?", faults.missing_index(), faults.disk(), *faults.parts())
    assert "orders" in answer.splitlines()[0]
    assert "**The disk of rm-demo-shop is 23 % full" in answer


def test_a_failure_of_one_of_two_tools_does_not_hide_the_other():
    call = ToolCalled(call="k2", tool="measure", args={"instance": "rm-demo-shop", "checks": []}, reply=1)
    back = ToolReturned(call="k2", ok=False, content="timeout: took longer than 15 s")
    answer = said(decide(request("why slow", (*turn(faults.idle(), faults.blocking()), call, back))))
    assert "4711" in answer.splitlines()[0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("unreachable: no route", "could not reach"),
        ("no_slot_left: too many clients already", "no connection left"),
        ("sign_in_failed: password", "refused the login"),
        ("timeout: 15 s", "did not answer in time"),
        ("denied: permission denied", "may not read"),
        ("bug: diagnose failed (KeyError)", "failed"),
    ],
)
def test_a_tool_that_failed_is_said_and_nothing_is_claimed(content, expected):
    answer = said(decide(request("is anything wrong?", turn(ok=False, content=content))))
    assert expected in answer.splitlines()[0]
    assert "No fault" not in answer


def test_a_check_that_makes_no_sense_here_is_not_called_fine():
    answer = answered("too many connections?", skipped("conn-usage"), normal("disk-used"))
    assert "does not apply" in answer.splitlines()[0]


def test_of_several_rows_the_worst_one_is_the_number_shown():
    short, long = (normal("idle-in-transaction", str(pid), pid=pid, idle=idle) for pid, idle in ((1, 0.005), (2, 26.0)))
    both = [
        *short[:1],
        *long[:1],
        msgspec.structs.replace(long[1], measures=(short[1].measures[0], long[1].measures[0])),
    ]
    assert "idle in transaction for at most 26 s" in answered("is anything wrong?", both)


def test_times_are_shown_in_the_askers_zone():
    assert "14:30 CST" in answered("is anything wrong?", *faults.fine())
    assert "06:30 UTC" in answered("is anything wrong?", *faults.fine(), zone=None)


async def test_it_is_a_model():
    pieces = [piece async for piece in Analyst().reply(request("hi"))]
    assert said(pieces).startswith("Hello")
    await Analyst().close()


def test_processors_that_others_keep_busy_need_no_change_here():
    idle_database = normal("active-sessions", active=0.1, processors=2, waiting=0)
    answer = answered("why is it slow", faults.cpu(), idle_database)
    assert "not with this database" in answer.splitlines()[0]
    assert "top" in answer
