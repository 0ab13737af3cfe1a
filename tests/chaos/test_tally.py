"""The judge of the chaos: what it lets pass, and what not."""

from __future__ import annotations

from collections import Counter

import pytest

from chaos.echo import WORDS, Echo
from chaos.tally import BEHIND_S, Kept, Tally, Turn, judged

MARK, WORD_S = "dify-1-0-1-chat", 0.3
NEAR = int(BEHIND_S / WORD_S)
"""So many words may die with a replica."""


def words(count: int) -> str:
    return "".join(f"{MARK}-{n} " for n in range(count))


def wrong(heard: str, kept: str, *, whole: bool = True, unknown: str = "") -> list[str]:
    echo = Echo(spoken={MARK: [n * WORD_S for n in range(WORDS)]}, ended={MARK: WORDS * WORD_S})
    turn = Turn(MARK, "m", "t", heard, whole, ended=True, decided="refuse" if unknown else "", unknown=unknown)
    tally = Tally(turns=[turn])
    judged(tally, {"m": Kept(f"say {MARK}", kept)}, Counter(), echo)
    return tally.wrong


@pytest.mark.parametrize(
    ("heard", "kept", "whole", "fine"),
    [
        (words(WORDS), words(WORDS), True, True),
        (words(20), words(20 - NEAR), True, True),
        (words(20), words(20 - NEAR - 2), True, False),
        (words(20), "", True, False),
        (words(NEAR), "", True, True),
        (words(10), words(20), True, False),
        (words(10), words(20), False, True),
        (words(WORDS), words(WORDS) + "more", True, False),
        (words(20) + "which nobody said", words(20), True, False),
        (words(20), "what nobody said", True, False),
    ],
)
def test_what_is_kept_is_what_was_heard_but_for_the_last_second(heard: str, kept: str, whole: bool, fine: bool) -> None:
    assert (wrong(heard, kept, whole=whole) == []) == fine


def test_who_was_asked_and_could_not_decide_is_a_loss() -> None:
    assert wrong(words(WORDS), words(WORDS), unknown="Form not found")
