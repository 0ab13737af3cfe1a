"""What the clients saw, what is kept of it, and what may not differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chaos.echo import Echo, said
from dbmedic.assistant.live import FLUSH_S, GROW_S

GIVE_UP_S = 120.0
BEHIND_S = GROW_S + FLUSH_S + 1.0
"""So many seconds of what was heard a replica that dies may take with it, where the machine is not late itself."""
LATER = 4
"""A text is late as often as its timer, the way to the disk and the words themselves are."""
KINDS = ("chat", "change", "chat", "stop", "chat")
"""What people do in turn, each beginning at another one."""
REFUSED = "refused by a person"


@dataclass
class Turn:
    """An acknowledged question: its client saw ids of it."""

    mark: str
    message: str
    task: str
    heard: str = ""
    whole: bool = True
    """Whether `heard` is all that was said, so far; a wire without a way to follow leaves a gap when it is cut."""
    ended: bool = False
    stopped: float = 0.0
    """When a stop was acknowledged, by the clock of this process; 0 when none was."""
    decided: Literal["", "grant", "refuse"] = ""
    """What an operator decided."""
    acknowledged: bool = False
    """Whether the operator was told so."""
    unknown: str = ""
    """What the operator was told instead: that there is nothing to decide."""


@dataclass(frozen=True)
class Kept:
    """A message as it is read afterwards."""

    query: str
    answer: str


@dataclass
class Tally:
    """What happened, counted."""

    counts: Counter[str] = field(default_factory=Counter)
    turns: list[Turn] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [f"{count:>7}  {name}" for name, count in sorted(self.counts.items())] + self.wrong


def judged(tally: Tally, kept: Mapping[str, Kept], ledger: Counter[str], echo: Echo) -> None:
    """Counts how the turns ended, and names what is lost, doubled or different from what was heard.

    `kept`: by message id.  `ledger`: how often each change was made.
    """
    marks = Counter(row.query.split()[-1] for row in kept.values())
    tally.wrong += [f"{mark}: kept {count} times" for mark, count in marks.items() if count > 1]
    tally.wrong += [f"{mark}: changed {count} times" for mark, count in ledger.items() if count > 1]
    for turn in tally.turns:
        row = kept.get(turn.message)
        if row is None:
            tally.wrong.append(f"{turn.mark}: acknowledged, and not kept")
            continue
        _answer(tally, turn, row.answer, echo)
        _change(tally, turn, ledger[turn.mark], echo.told.get(turn.mark))
        if not turn.ended:
            tally.wrong.append(f"{turn.mark}: never ended")
    unknown = ledger.keys() - {turn.mark for turn in tally.turns if turn.decided == "grant"}
    tally.wrong += [f"{mark}: changed, and nobody granted it" for mark in unknown]


def _answer(tally: Tally, turn: Turn, answer: str, echo: Echo) -> None:
    whole, answer, heard = said(turn.mark).strip(), answer.strip(), turn.heard.strip()
    ended = echo.ended.get(turn.mark, 0.0)
    spoken = _spoken(turn.mark, answer)
    if spoken == whole:
        tally.counts["turns that ended well"] += 1
        tally.counts["stops that came too late"] += turn.stopped >= ended > 0 and turn.stopped > 0
        if 0 < turn.stopped < ended:
            tally.wrong.append(f"{turn.mark}: was stopped, and went on to its end")
    elif whole.startswith(spoken):
        tally.counts["turns stopped" if turn.stopped else "turns interrupted"] += 1
    else:
        tally.wrong.append(f"{turn.mark}: kept {answer!r}")
    if not turn.ended:
        return
    if not (heard.startswith(answer) if turn.whole else heard.startswith(answer) or answer.startswith(heard)):
        tally.wrong.append(f"{turn.mark}: heard {heard!r}, kept {answer!r}")
    elif (lost_s := _behind(turn.mark, heard[len(answer) :], echo)) > BEHIND_S + LATER * echo.late:
        tally.wrong.append(f"{turn.mark}: {lost_s:.1f} s of what was heard are not kept: {heard!r}, kept {answer!r}")
    elif lost_s > 0 and spoken == whole:
        tally.wrong.append(f"{turn.mark}: heard {heard!r} after its end, kept {answer!r}")
    elif lost_s > 0:
        tally.counts["turns whose last words died with a replica"] += 1


def _behind(mark: str, lost: str, echo: Echo) -> float:
    """Seconds from when the first of these words was said to when the last one was; infinite for any other words."""
    words = lost.split()
    if not words:
        return 0.0
    times = {f"{mark}-{n}": at for n, at in enumerate(echo.spoken.get(mark, ()))}
    if not times.keys() >= set(words):
        return math.inf
    return max(times[words[-1]] - times[words[0]], 1e-6)


def _spoken(mark: str, answer: str) -> str:
    """What the model said; before it, an API without approvals tells in words what a person is asked."""
    before, first, after = answer.partition(f"{mark}-0 ")
    if mark.endswith("change") and (first or "approval" in before):
        return first + after
    return answer


def _change(tally: Tally, turn: Turn, made: int, told: str | None) -> None:
    if not turn.decided:
        return
    if turn.unknown:
        tally.wrong.append(f"{turn.mark}: a person was asked, and decided at once: {turn.unknown}")
    if turn.acknowledged and turn.decided == "grant" and told is not None and REFUSED in told:
        tally.wrong.append(f"{turn.mark}: was granted, and the model was told {told!r}")
    tally.counts[f"changes decided: {turn.decided}"] += 1
    tally.counts["changes made"] += made
    if told is not None and turn.decided == "grant" and told.startswith("Done") and not made:
        tally.wrong.append(f"{turn.mark}: its change is lost, and the model was told {told!r}")
    if turn.decided == "refuse" and made:
        tally.wrong.append(f"{turn.mark}: was refused, and changed")
