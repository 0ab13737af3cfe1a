"""Question, visible instances, history and clock -> what is asked about what.  Pure: no model, no I/O, tables of words.

What cannot be understood is not guessed: several instances and none named means asking back, no word about databases
means saying so.  But any complaint about speed leads to the broad plan, for people blame the wrong thing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from dbmedic.core import lang
from dbmedic.core.values import Exchange, InstanceCard, Question
from dbmedic.diagnosis import asked_sql, names, typos
from dbmedic.diagnosis.needed import needed
from dbmedic.diagnosis.plain import plain
from dbmedic.diagnosis.symptoms import Said, broad, pattern, said, symptoms
from dbmedic.diagnosis.when import Window, window
from dbmedic.kit.units import zone_of

Topic = Literal["database", "instances", "identity", "greeting", "thanks", "other"]
Follow = Literal["why", "fix", "again", "more"]


class Understood(Struct, frozen=True, kw_only=True):
    """What a question asks."""

    language: str
    topic: Topic = "database"
    instance: str | None = None
    """Id of a visible instance; None: the asker must say which, or sees none."""
    unknown: str | None = None
    """What looks like an instance in the text and is not registered."""
    symptom: str = "health"
    also: tuple[str, ...] = ()
    """Further symptoms that the same question names."""
    objects: tuple[str, ...] = ()
    """Tables, pages and the like that the question names."""
    window: Window | None = None
    ended: bool = False
    """The window ended before now."""
    follow: Follow | None = None
    """How a follow-up relates to the answer before it."""
    wants_change: bool = False
    """Asks for something to be killed, created, dropped or restarted."""
    wants_number: bool = False
    """Asks how much or how many, or whether something is all right, rather than why."""
    wants_changes: bool = False
    """Asks what is different now."""
    statement: str | None = None
    """A statement that it brings along, or points at in the last list."""
    carried: frozenset[str] = frozenset()
    """What was taken over from the conversation: "instance", "symptom", "window"."""


READ: Final = 6000
"""Characters of a question that are read: half of them its beginning, half its end."""
_STRONG: Final = 4
_SPEED: Final = ("slow", "hang")
_BLAMED: Final = ("io", "cpu", "memory")
"""What people think is slow."""
_OF_ONE: Final = ("slow", "slow-statement", "top-sql", "health", "plan-changed", "index-not-used")
"""Symptoms that a question about one statement may say without meaning the whole instance."""


@cache
def _talk() -> dict[str, tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]]:
    """Name of a list -> literals of which a text needs one, and the pattern."""
    raw = tomllib.loads((Path(__file__).parent / "talk.toml").read_text("utf-8"))
    lists = {name: [pattern(one) for one in patterns] for name, patterns in raw.items()}
    return {name: tuple((needed(one.pattern), one) for one in patterns) for name, patterns in lists.items()}


def _talks(name: str, text: str) -> bool:
    for literals, one in _talk()[name]:
        for literal in literals:
            if literal in text:
                break
        else:
            if literals:
                continue
        if one.search(text):
            return True
    return False


def understand(
    question: Question, visible: Sequence[InstanceCard], history: Sequence[Exchange], now: datetime
) -> Understood:
    """What the question asks.  The history is oldest first; times are of the asker's zone, UTC where none is known."""
    if len(question.text) > READ:
        question = replace(question, text=f"{question.text[: READ // 2]} {question.text[-READ // 2 :]}")
    text = question.text
    statement = asked_sql.written(text)
    bare = typos.repaired(names.without(asked_sql.without(text), visible))
    if statement is None:
        statement = asked_sql.meant(bare, history)
    language = _language(question, bare, history)
    instance, carried = _instance(question, visible, history)
    unknown = None if question.instance else names.unknown(text, visible)
    if unknown is not None and instance is not None and "instance" not in carried and names.named(text, visible):
        unknown = None
    heard = said(_unblamed(bare))
    named_here = names.named(text, visible) is not None
    topic = _topic(bare, heard, named_here or unknown is not None or statement is not None, history, bool(visible))
    follow = _follow(bare) if history else None
    symptom, also, taken = _symptom(heard, history, follow)
    if statement is not None and not any(one.score >= _STRONG and name not in _OF_ONE for name, one in heard.items()):
        symptom, also, taken = "slow-statement", (), False
    wants_changes = _talks("changed", bare)
    if wants_changes and not (_strong_fault(heard) or statement):
        symptom, also, taken = "health", (), False
    if symptom != "health" and not taken and broad(symptoms()[symptom]) and _talks("anything", bare):
        also = (*also[:1], "health")
    zone = zone_of(question.zone)
    span = window(bare, now, zone)
    if span is None and taken and (before := _asked_before(history)) is not None:
        span = window(names.without(before.question, visible), before.at or now, zone)
        if span is not None:
            span, carried = (
                Window(span.start, now if span.end >= (before.at or now) else span.end),
                carried | {"window"},
            )
    objects = names.objects(names.without(text, visible))
    if not objects and taken and history:
        objects = names.objects(history[-1].question)
    if span is None and wants_changes:
        span = Window(now - timedelta(days=1), now)
    return Understood(
        language=language,
        topic=topic,
        instance=None if unknown else instance,
        unknown=unknown,
        symptom=symptom,
        also=also,
        objects=names.objects(names.without(text, visible))
        or (names.objects(history[-1].question) if taken and history else ()),
        window=span,
        ended=span is not None and span.end < now,
        follow=follow,
        wants_change=_talks("change", bare) and not _talks("why", bare),
        wants_number=_talks("number", bare) and not _talks("why", bare),
        wants_changes=wants_changes,
        statement=statement,
        carried=carried | ({"symptom"} if taken else frozenset()),
    )


def _unblamed(bare: str) -> str:
    """The text without a guess that the network is at fault and what was tried in vain, unless nothing else is said."""
    rest = bare
    for _, one in (*_talk()["blame"], *_talk()["tried"]):
        rest = one.sub(" ", rest)
    return rest if rest == bare or any(one.score >= _STRONG for one in said(rest).values()) else bare


def language_of(question: Question, visible: Sequence[InstanceCard], history: Sequence[Exchange]) -> str:
    """The language of an answer, for a small part of what all of `understand` takes."""
    if len(question.text) > READ:
        question = replace(question, text=f"{question.text[: READ // 2]} {question.text[-READ // 2 :]}")
    return _language(question, names.without(question.text, visible), history)


def _language(question: Question, bare: str, history: Sequence[Exchange]) -> str:
    """What the request says, else what the text is written in, else what the conversation is in."""
    if (asked := lang.best(question.language)) is not None:
        return asked
    before = next((lang.best(one.language) or lang.detect(one.question) for one in reversed(history)), "en")
    # The characters of the question itself tell traditional from simplified; `bare` only has names taken out.
    if not re.search(r"[^\W\d_]", bare):
        return before
    return lang.detect(question.text, default=before)


def _instance(
    question: Question, visible: Sequence[InstanceCard], history: Sequence[Exchange]
) -> tuple[str | None, frozenset[str]]:
    """Field > text > conversation > the only one."""
    ids = {card.id.lower(): card.id for card in visible}
    if question.instance is not None:
        return ids.get(question.instance.lower(), question.instance), frozenset()
    if (here := names.named(question.text, visible)) is not None:
        return here, frozenset()
    for one in reversed(history):
        if one.instance is not None and one.instance.lower() in ids:
            return ids[one.instance.lower()], frozenset({"instance"})
    return (visible[0].id, frozenset()) if len(visible) == 1 else (None, frozenset())


def _topic(bare: str, heard: dict[str, Said], named: bool, history: Sequence[Exchange], cares: bool) -> Topic:
    """What it is about; `cares`: the asker has an instance, so that only what is clearly foreign is refused."""
    strongest = max((one.score for one in heard.values()), default=0)
    about = _talks("about", bare)
    if _talks("off", bare) and not named and (not about or strongest < _STRONG):
        return "other"
    short = len(bare) <= 24
    if _talks("instances", bare) and not _strong_fault(heard):
        return "instances"
    if _talks("identity", bare) and strongest < 7:
        return "identity"
    if heard or named or _talks("changed", bare):
        return "database"
    thanked = _talks("thanked", bare) and not _talks("complaint", bare)
    if thanked or (short and not about and _talks("thanks", bare)):
        return "thanks"
    if not about and _talks("greeting", bare):
        return "greeting"
    if about or _talks("change", bare) or _talks("complaint", bare) or (history and (_follow(bare) or _short(bare))):
        return "database"
    if cares and _talks("sentence", bare) and not _talks("person", bare):
        return "database"
    return "other"


def _strong_fault(heard: dict[str, Said]) -> bool:
    """Names a complaint that outweighs asking for a list."""
    return any(one.score >= _STRONG for name, one in heard.items() if name not in ("health", "table-sizes", "top-sql"))


def _short(bare: str) -> bool:
    return 0 < len(bare.split()) <= 4 and len(bare) <= 24


def _follow(bare: str) -> Follow | None:
    if len(bare) > 60:
        return None
    order: tuple[Follow, ...] = ("fix", "why", "again", "more")
    return next((name for name in order if _talks(name, bare)), None)


def _symptom(
    heard: dict[str, Said], history: Sequence[Exchange], follow: Follow | None
) -> tuple[str, tuple[str, ...], bool]:
    """(symptom, further ones, taken from the conversation)."""
    complaints = {name: one for name, one in heard.items() if name != "health" and one.score >= _STRONG}
    if follow == "fix" and complaints.keys() <= {"top-sql"} and _asked_before(history) is not None:
        complaints = {}  # "give me the SQL" wants the cure, not a list of statements
        heard = {}
    if not complaints:
        weak = max(heard, key=lambda name: heard[name].score, default=None)
        before = _asked_before(history)
        if before is not None and (weak is None or (follow in ("why", "fix", "again") and heard[weak].score < 7)):
            return before.symptom or _of(before), (), True
        return weak or "health", (), False
    first = next(iter(complaints))
    also = [name for name in complaints if name != first and _apart(complaints[name], complaints[first])]
    # A full disk is what people blame; that something fails is what they see.
    seen = (*_SPEED, "errors") if symptoms()[first].style == "disk" else _SPEED
    named = [one for name, one in complaints.items() if name in _BLAMED or not broad(symptoms()[name])]
    speed = next((name for name in also if name in seen and _beside(complaints[name], named)), None)
    if speed is not None and not broad(symptoms()[first]):
        also = [first, *(name for name in also if name != speed)]
        first = speed
    return first, tuple(also[:2]), False


def _apart(one: Said, other: Said) -> bool:
    """Says something strong at a place where the other says nothing."""
    return any(
        weight >= _STRONG and all(end <= start2 or start >= end2 for start2, end2, _ in other.spans)
        for start, end, weight in one.spans
    )


def _beside(speed: Said, others: Sequence[Said]) -> bool:
    """Says that something is slow where no other complaint says what: "the replica lags" is one, not two."""
    return any(
        weight >= _STRONG and all(end <= start2 or start >= end2 for one in others for start2, end2, _ in one.spans)
        for start, end, weight in speed.spans
    )


def _asked_before(history: Sequence[Exchange]) -> Exchange | None:
    """The last exchange that was about a symptom."""
    return next((one for one in reversed(history) if one.symptom or said(plain(one.question))), None)


def _of(exchange: Exchange) -> str:
    return _symptom(said(plain(exchange.question)), (), None)[0]
