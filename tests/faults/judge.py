"""Whether an answer is right: every true cause named with its object, nothing else accused, one true number.  Pure.

Who is accused is what the ranking put among the causes, and said so in the text; what it lists as an aside, as fine or
as not measured accuses nobody.  The words are looked for in the answer itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbmedic.core.events import Answered, Event, TurnClosed
from dbmedic.diagnosis.evidence import Fact
from faults.fault import Cause, Fault
from faults.reading import stands

LONGEST_S = 20.0
ALWAYS = ("restart-recent",)
"""True of every scene: its server was just started, from data that is older."""


@dataclass(frozen=True)
class Asked:
    """A question that was answered."""

    text: str
    """The question."""
    language: str
    events: Sequence[Event]
    took_s: float
    accused: Sequence[Fact]
    """What the ranking put among the causes: the roots and their siblings."""
    beside: Sequence[Fact] = ()
    """What it says has a smaller part."""

    @property
    def answer(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Answered))

    @property
    def closed(self) -> str:
        return next((event.reason for event in self.events if isinstance(event, TurnClosed)), "")


@dataclass(frozen=True)
class Truth:
    """What the server itself said around the question."""

    names: Mapping[str, str]
    before: Sequence[float]
    """The fault's numbers, in their order, right before the question."""
    after: Sequence[float]
    apart_s: float = 1.0
    """Seconds from before to after."""


@dataclass(frozen=True)
class Judgement:
    """What is wrong with an answer; right when all are empty."""

    missed: Sequence[str] = ()
    """True causes that were not named."""
    accused: Sequence[str] = ()
    """Findings presented as causes that are none."""
    other: Sequence[str] = ()

    @property
    def right(self) -> bool:
        return not (self.missed or self.accused or self.other)

    def __str__(self) -> str:
        parts = [f"missed {', '.join(self.missed)}"] if self.missed else []
        parts += [f"accused {', '.join(self.accused)}"] if self.accused else []
        return "; ".join([*parts, *self.other]) or "right"


def judged(fault: Fault, asked: Asked, truth: Truth) -> Judgement:
    """What is wrong with the answer to one question about a fault."""
    text = asked.answer
    missed = [cause.checks[0] for cause in fault.causes if not _named(cause, fault, asked, truth)]
    named = (*asked.accused, *asked.beside)
    wrongly = [f"{one.check}:{one.finding.object[:60]}" for one in named if not _true(one, fault, truth)]
    other = []
    if asked.closed != "done" or not text:
        other.append(f"not answered: {asked.closed}")
    if asked.took_s > LONGEST_S:
        other.append(f"took {asked.took_s:.1f} s")
    if _language(text) != asked.language:
        other.append(f"answered in {_language(text)}")
    if fault.causes and fault.numbers and not _true_number(fault, text, truth):
        other.append(f"no true number of {list(truth.before)} … {list(truth.after)}")
    return Judgement(missed, wrongly, other)


def _named(cause: Cause, fault: Fault, asked: Asked, truth: Truth) -> bool:
    """Whether it is a root; of several causes at once, one may be said to have the smaller part."""
    named = asked.accused if len(fault.causes) == 1 else (*asked.accused, *asked.beside)
    names = [name.format_map(truth.names) for name in cause.names]
    if not all(_says(asked.answer, name.format_map(truth.names)) for name in (*cause.names, *cause.says)):
        return False
    return cause.aside or any(
        one.check in cause.checks and all(_says(_about(one), name) for name in names) for one in named
    )


def _true(fact: Fact, fault: Fault, truth: Truth) -> bool:
    """Whether the finding is one of the causes, or one that the fault says is true as well."""
    about = _about(fact)
    if fact.check in ALWAYS:
        return True
    for cause in fault.causes:
        if fact.check in cause.checks and all(_says(about, name.format_map(truth.names)) for name in cause.names):
            return True
    for allowed in fault.also:
        check, _, word = allowed.partition(":")
        if fact.check == check and (not word or _says(about, word.format_map(truth.names))):
            return True
    return False


def _about(fact: Fact) -> str:
    return " | ".join([fact.finding.object, *(str(value) for value in fact.values.values() if value is not None)])


def _says(text: str, name: str) -> bool:
    """The name as a whole word, in any case."""
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(name.lower())}(?![A-Za-z0-9_])", text.lower()) is not None


def _true_number(fault: Fault, text: str, truth: Truth) -> bool:
    for number, before, after in zip(fault.numbers, truth.before, truth.after, strict=True):
        low, high = sorted((before, after))
        if number.per_s:
            low = high = (after - before) / truth.apart_s
        if stands(text, number.unit, low, high, number.tolerance):
            return True
    return False


def _language(text: str) -> str:
    """Chinese when a fair part of the letters outside code are Chinese."""
    said = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    return "zh" if len(re.findall(r"[一-鿿]", said)) > 0.1 * len(said) else "en"
