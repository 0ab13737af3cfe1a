"""The judge is strict: a cause without its object, an innocent accused, a number that is not true, all fail."""

from __future__ import annotations

import pytest

from dbmedic.core.events import Answered, TurnClosed
from dbmedic.core.values import Finding, Usage
from dbmedic.diagnosis.evidence import Fact
from diagnosis.scene import measure
from faults.fault import Cause, Fault, Number
from faults.judge import Asked, Truth, judged
from faults.reading import numbers, stands

FAULT = Fault(
    asks={"en": ["slow"]},
    causes=[Cause(["missing-index"], ["orders", "customer_id"])],
    numbers=[Number("count", "select 1", 0.05)],
    also=["top-queries:customer_id"],
)
RIGHT = "**orders is read in full, no index serves customer_id.** It has 300 000 rows."


def fact(check: str, object: str, **values: object) -> Fact:  # noqa: A002
    one = measure(check, object, **values)
    return Fact(Finding(check=check, instance="shop", object=object, level="error", measure=one.id), one)


def asked(text: str, *accused: Fact, took_s: float = 5, language: str = "en") -> Asked:
    events = [Answered(reply=1, text=text), TurnClosed(reason="done", usage=Usage())]
    return Asked("slow", language, events, took_s, accused)


TRUTH = Truth({"pid": "42"}, [300_000], [300_100])
INDEX = fact("missing-index", "public.orders.customer_id")


def test_a_cause_with_its_object_and_a_true_number_is_right() -> None:
    assert judged(FAULT, asked(RIGHT, INDEX), TRUTH).right


def test_a_true_finding_beside_the_cause_is_no_false_alarm() -> None:
    also = fact("top-queries", "q", query="select 1 from orders where customer_id = $1")
    assert judged(FAULT, asked(RIGHT, INDEX, also), TRUTH).right


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (asked(RIGHT.replace("customer_id", "a column"), INDEX), "missed missing-index"),
        (asked(RIGHT, fact("missing-index", "public.orders.status")), "missed missing-index; accused missing-index"),
        (asked(RIGHT), "missed missing-index"),
        (asked(RIGHT, INDEX, fact("pg-cache-hit", "shop")), "accused pg-cache-hit:shop"),
        (asked(RIGHT, INDEX, fact("top-queries", "q", query="select 2")), "accused top-queries:q"),
        (asked(RIGHT.replace("300 000", "200 000"), INDEX), "no true number"),
        (asked(RIGHT, INDEX, took_s=21), "took 21.0 s"),
        (asked(RIGHT, INDEX, language="zh"), "answered in en"),
    ],
)
def test_each_fault_of_an_answer_is_found(answer: Asked, what: str) -> None:
    assert str(judged(FAULT, answer, TRUTH)).startswith(what)


def test_a_healthy_server_is_accused_of_nothing() -> None:
    healthy = Fault(asks={"en": ["slow"]})
    assert judged(healthy, asked("No fault measured."), Truth({}, [], [])).right
    assert not judged(healthy, asked("CPU!", fact("cpu-saturation", "shop")), Truth({}, [], [])).right


def test_both_causes_of_a_double_fault_must_be_named() -> None:
    double = Fault(asks={"en": ["slow"]}, causes=[*FAULT.causes, Cause(["idle-in-transaction"], ["{pid}"])])
    assert str(judged(double, asked(RIGHT, INDEX), TRUTH)) == "missed idle-in-transaction"
    text = RIGHT + " Session 42 is idle."
    assert judged(double, asked(text, INDEX, fact("idle-in-transaction", "42")), TRUTH).right


def test_numbers_are_read_with_their_units() -> None:
    said = numbers("300 000 rows, 4.2 GiB, 3 min 20 s, 23 %, 12 ms, 1.5/s")
    assert [(round(one.value, 3), one.unit) for one in said] == [
        (300_000, "count"), (4.2 * 2**30, "bytes"), (200, "seconds"), (0.23, "ratio"), (0.012, "seconds"),
        (1.5, "count"),
    ]  # fmt: skip
    assert stands("for 21 s", "seconds", 20, 22, 0.1)
    assert not stands("21 sessions", "seconds", 20, 22, 0.1)
