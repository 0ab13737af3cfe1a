"""How hostile examiners ask: symptoms, instance, window and language of each line of `hostile.txt`."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from tests.diagnosis.scene import CALLER, CLOUD, NOW, SHOP

from dbmedic.core.values import Question
from dbmedic.diagnosis.understand import Understood, understand
from dbmedic.diagnosis.when import Window

HERE = ZoneInfo("Asia/Shanghai")
PLACES = {"@shop": "rm-demo-shop", "@cloud": "rm-bp1abc234def"}


class Case(NamedTuple):
    """A line of the table."""

    tag: str
    expected: str
    text: str
    held: bool
    """Held out: written to be counted, and no word was ever added for it."""


def _cases() -> list[Case]:
    found: list[Case] = []
    tag, number = "en", 0
    for line in Path(__file__).with_name("hostile.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            tag, number = line.strip("[]"), 0
        elif line and not line.startswith("#"):
            expected, _, text = line.partition(" :: ")
            found.append(Case(tag, expected, text, number % 3 == 2))
            number += 1
    return found


CASES = _cases()


def wrong(case: Case) -> str:
    """What is understood otherwise than expected; empty when nothing is."""
    found = understand(
        Question(text=case.text, caller=CALLER, api="test", zone="Asia/Shanghai"), (SHOP, CLOUD), (), NOW
    )
    symptoms, *words = case.expected.split()
    wants = {key: value for key, _, value in (word.partition("=") for word in words if "=" in word)}
    faults = []
    if found.language != case.tag:
        faults.append(f"language {found.language}")
    if found.topic != wants.get("topic", "database"):
        faults.append(f"topic {found.topic}")
    if found.topic == "database" and not _heard(symptoms, found):
        faults.append(f"symptom {found.symptom} {found.also}")
    if found.instance != next((PLACES[word] for word in words if word in PLACES), None):
        faults.append(f"instance {found.instance}")
    if found.unknown != next((word[1:] for word in words if word.startswith("?")), None):
        faults.append(f"unknown {found.unknown}")
    if not any(_same(one, found.window) for one in wants.get("w", "-").split("|")):
        faults.append(f"window {found.window and [f'{one.astimezone(HERE):%dT%H:%M}' for one in found.window]}")
    if "of" in wants and not set(wants["of"].split(",")) <= set(found.objects):
        faults.append(f"objects {found.objects}")
    return ", ".join(faults)


def _heard(symptoms: str, found: Understood) -> bool:
    if "+" in symptoms:
        return set(symptoms.split("+")) <= {found.symptom, *found.also}
    return found.symptom in symptoms.split("|")


def _same(wanted: str, window: Window | None) -> bool:
    if wanted == "*" or window is None:
        return wanted in ("*", "-")

    def text(moment: datetime) -> str:
        return "now" if moment == NOW else f"{moment.astimezone(HERE):%dT%H:%M}"

    return wanted == f"{text(window.start)}/{text(window.end)}"


@pytest.mark.parametrize("tag", ["en", "zh-CN", "zh-TW", "ja", "id"])
def test_every_line_is_understood_as_its_examiner_meant_it(tag):
    assert {case.text: fault for case in CASES if case.tag == tag and not case.held and (fault := wrong(case))} == {}


def test_most_lines_that_no_word_was_added_for_are_understood_too():
    held = [case for case in CASES if case.held]
    assert len(held) >= 140
    assert sum(not wrong(case) for case in held) >= 0.8 * len(held)


def test_understanding_an_ordinary_sentence_costs_less_than_a_millisecond():
    questions = [Question(text=case.text, caller=CALLER, api="test") for case in CASES[::3]]
    costs = []
    for question in questions:
        started = time.process_time()
        understand(question, (SHOP, CLOUD), (), NOW)
        costs.append(time.process_time() - started)
    assert sorted(costs)[len(costs) // 2] < 0.001
