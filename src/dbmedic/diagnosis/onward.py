"""What a conversation is called, and which questions lead on from its last answer.  Pure: from a turn's own log.

The name is the measured cause, the questions follow from the symptom; the words are in `onward.toml`.  No model is
asked, so both come at once and cost nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dbmedic.core import lang
from dbmedic.core.events import Event, TurnOpened
from dbmedic.core.values import Question
from dbmedic.diagnosis.evidence import Evidence, evidence
from dbmedic.diagnosis.rank import rank
from dbmedic.diagnosis.said import Reader, title
from dbmedic.diagnosis.symptoms import symptoms

NAME_CHARS = 75
QUESTIONS = 3
OPENINGS = ("top-sql", "disk", "locks")


def named(events: Sequence[Event]) -> str | None:
    """What a conversation is about, from its first turn: the instance and the cause, or what was asked of it.

    None where nothing was measured: then the question itself is the best name there is.
    """
    question, seen = _question(events), evidence(events)
    instance, symptom = _about(seen)
    if question is None or instance is None or not seen.measures:
        return None
    reader = Reader(_language(question))
    cause = _cause(seen, symptom)
    about = title(cause, reader) if cause else " ".join(question.text.replace(instance, " ").split()).lstrip("，,:： ")
    return _cut(f"{instance}: {about or question.text}")


def questions(events: Sequence[Event], visible: Sequence[str] = ()) -> list[str]:
    """Three questions that may follow a turn, in its language; each stands for itself but for `fix` and `again`.

    `visible`: ids of the instances that a turn about none of them may lead to.
    """
    question, seen = _question(events), evidence(events)
    if question is None:
        return []
    language = _language(question)
    instance, symptom = _about(seen)
    if instance is None:
        return _openings(language, visible) if question.instance is None else []
    keys = ["fix"] if _cause(seen, symptom) else ["again"] if seen.failures and not seen.measures else []
    after: dict[str, list[str]] = _table()["after"]
    keys += [key for key in (*after.get(symptom or "", ()), *after["*"]) if key != symptom]
    return [_words(language)[key].format(instance=instance) for key in list(dict.fromkeys(keys))[:QUESTIONS]]


def _openings(language: str, visible: Sequence[str]) -> list[str]:
    """Questions about instances when none was named: one about each, or several about the only one."""
    words = _words(language)
    if not visible:
        return [words["instances"]]
    return [words[key].format(instance=visible[at % len(visible)]) for at, key in enumerate(OPENINGS)]


def _question(events: Sequence[Event]) -> Question | None:
    return next((event.question for event in events if isinstance(event, TurnOpened)), None)


def _about(seen: Evidence) -> tuple[str | None, str | None]:
    """(instance, symptom) that the turn looked at."""
    instance = next((call.args["instance"] for call in seen.calls if call.args.get("instance")), None)
    symptom = next((call.args["symptom"] for call in seen.calls if call.args.get("symptom") in symptoms()), None)
    return instance, symptom


def _cause(seen: Evidence, symptom: str | None) -> str | None:
    """Check of the first cause; without a symptom, of the worst finding."""
    if symptom is not None:
        roots = rank(seen, symptoms()[symptom]).roots
        return roots[0].fact.check if roots else None
    facts = sorted(seen.facts, key=lambda fact: fact.finding.level != "error")
    return facts[0].check if facts else None


def _language(question: Question) -> str:
    return lang.best(question.language) or lang.detect(question.text)


def _cut(text: str) -> str:
    return text if len(text) <= NAME_CHARS else text[: NAME_CHARS - 1].rstrip() + "…"


def _words(language: str) -> dict[str, str]:
    words: dict[str, str] = _table()[lang.best(language) or "en"]
    return words


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "onward.toml").read_text("utf-8"))
