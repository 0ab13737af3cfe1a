"""A digest that is fed while a log is written is that of the log read back, or none."""

from __future__ import annotations

import pytest

from dbmedic.core import digest as digests
from dbmedic.core.digest import Digests, digest
from dbmedic.core.log import LogRow


def rows(turn: str, *seqs: int, ends: bool = True) -> list[LogRow]:
    kinds = {seqs[-1]: "TurnClosed"} if ends else {}
    return [(turn, seq, seq * 10, kinds.get(seq, "Answered"), f'{{"text":"{turn} é {seq}"}}') for seq in seqs]


def test_it_is_the_same_however_the_log_came() -> None:
    whole = rows("a", 1, 2, 3, 4, 5)
    fed = Digests()
    for first, last in ((0, 1), (1, 4), (4, 5)):
        assert fed.take("a") is None
        fed.heard([*whole[first:last], *rows("b", first + 1, ends=False)])
    assert fed.take("a") == digest(whole)
    assert fed.take("a") is None


def test_it_is_over_lines_of_json_for_ever() -> None:
    """As `printf '["t",1,2,"K","{\\"x\\":\\"y\\"}"]\\n' | sha256sum` says."""
    known = "15f7bf736b1fbdfcc034a08ca505b5d452a319840a346c621d0104f8800790c4"
    assert digest([("t", 1, 2, "K", '{"x":"y"}')]) == (1, known)


@pytest.mark.parametrize(
    "parts",
    [
        [rows("a", 2, 3)],
        [rows("a", 1, ends=False), rows("a", 3)],
        [rows("a", 1, ends=False), rows("a", 2, 2)],
        [rows("a", 1, 3, 2)],
        [rows("a", 1, 2, ends=False)],
    ],
    ids=["begun elsewhere", "with a gap", "twice", "out of order", "not ended"],
)
def test_a_log_that_is_not_whole_has_none(parts: list[list[LogRow]]) -> None:
    fed = Digests()
    for part in parts:
        fed.heard(part)
    assert fed.take("a") is None


def test_the_oldest_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "ENDED", 3)
    monkeypatch.setattr(digests, "OPEN", 3)
    fed = Digests()
    for turn in "abcde":
        fed.heard(rows(turn, 1, ends=False))
    for turn in "abcde":
        fed.heard(rows(turn, 2))
    assert [turn for turn in "abcde" if fed.take(turn)] == ["c", "d", "e"]
    for turn in "vwxyz":
        fed.heard(rows(turn, 1))
    assert [turn for turn in "vwxyz" if fed.take(turn)] == ["x", "y", "z"]
