"""Who answers without a language model shares one time among its looks; a language model has it for each."""

from __future__ import annotations

from dbmedic.assistant.hands import LEAST_S, MORE, time_left


def test_the_looks_of_an_answer_without_a_language_model_end_together() -> None:
    assert time_left("analyst", 15, 0.5) == 15
    assert time_left("analyst", 15, 12) == MORE * 15 - 12
    assert 12 + time_left("analyst", 15, 12) <= 18
    assert time_left("analyst", 15, 60) == LEAST_S


def test_a_language_model_thinks_between_its_looks_and_has_the_time_for_each() -> None:
    assert time_left("qwen-max", 15, 60) == 15
