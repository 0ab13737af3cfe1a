"""Measures in the reader's words: headlines, findings, what was fine, fixes.  Every number said names its measure.

Numbers come from measures only; a phrase that needs a value which was not measured is not used.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.checks.check import catalogue, render, words
from dbmedic.core import lang
from dbmedic.core.events import Checked
from dbmedic.core.values import Fix, Measure, Unit
from dbmedic.diagnosis.causes import known as ways
from dbmedic.diagnosis.evidence import Evidence, Fact
from dbmedic.kit.english import singular
from dbmedic.kit.units import show

NAMES = frozenset({"pid", "root", "holder", "holder_pid", "blocker", "session"})
"""Columns whose numbers are names."""
_CANCEL = re.compile(r"pg_cancel_backend|^\s*kill\s+query", re.IGNORECASE)
"""Ends a statement, not its session."""
_LINE = re.compile(r"\s*(config set|acl |client kill|bgsave|memory |kill -|chmod )", re.IGNORECASE)
"""Commands of Redis and of a shell end with their line."""
_ENDS_OPEN = re.compile(r"\s*[:：]\s*`…`$")
"""A sentence that ends in a statement which is left out."""
NAMED = 60
"""Characters of a statement that stands for a name."""
STATEMENT = 200
"""Characters of a statement shown inside a sentence."""
ITEM = 120
"""Characters of a statement shown in an item of a list."""


class Reader(Struct, frozen=True):
    """For whom words are chosen."""

    language: str
    zone: str | None = None

    def say(self, key: str, /, **fields: Any) -> str:
        return self.one(lang.phrase(self.language, key, **fields))

    def one(self, text: str) -> str:
        """Counts of one agree with their nouns in English; the other languages do not mind."""
        return singular(text) if self.language == "en" else text

    def aside(self, text: str) -> str:
        """In brackets, behind something."""
        return f"（{text}）" if self.language in ("zh-CN", "zh-TW", "ja") else f" ({text})"

    def listed(self, items: list[str]) -> str:
        return ("、" if self.language in ("zh-CN", "zh-TW", "ja") else ", ").join(items)

    def serial(self, items: list[str]) -> str:
        """Items that may hold commas of their own."""
        return ("；" if self.language in ("zh-CN", "zh-TW", "ja") else "; ").join(items)


def valued(reader: Reader, key: str, measure: Measure) -> str | None:
    """A phrase filled with the values of a measure; None when there is no such phrase or a value is not known."""
    text = lang.template(reader.language, key)
    if text is None:
        return None
    words = shown(measure, reader)
    return None if lang.fields(text) - words.keys() else reader.one(text.format_map(words))


def shown(measure: Measure, reader: Reader) -> dict[str, str]:
    """Column -> value in words with its unit; what is not known is left out."""
    return {
        name: show(value, _unit(measure, name), reader.zone)
        for name, value in _known_by(measure.values).items()
        if value not in (None, "")
    }


def _known_by(values: dict[str, Any]) -> dict[str, Any]:
    """The values, a session without an application's name known by its client instead."""
    if "application" in values and not values["application"] and values.get("client"):
        return {**values, "application": values["client"]}
    return values


def title(check: str, reader: Reader) -> str:
    known = catalogue().get(check)
    return words(known, reader.language).title if known else check


def headline(fact: Fact, reader: Reader) -> str:
    """What is wrong, in one sentence that names the object."""
    keys = (f"headline.{fact.check}", f"headline.{fact.check}_or")
    said = next((text for key in keys if (text := valued(reader, key, fact.measure)) is not None), None)
    return said or _named(_first_sentence(finding(fact.measure, reader, statements=False)), fact.measure)


def item(text: str, fact: Fact) -> str:
    """A headline that stands alone: where the thing is a statement, which elsewhere follows, it is begun here."""
    query = statement(fact.measure)
    known = catalogue().get(fact.check)
    of_statement = known is not None and (known.object == "{query}" or fact.check in ways().shapes)
    nameless = of_statement and "`" not in text
    return f"{text}: {code(one_line(query, ITEM))}" if query and nameless else text


def _named(text: str, measure: Measure) -> str:
    """A sentence without a hole: the statement at its end is left out, one inside it is begun."""
    text = _ENDS_OPEN.sub("", text)
    for name, unit in measure.units.items():
        if unit == "sql" and measure.values.get(name):
            text = text.replace("`…`", code(one_line(str(measure.values[name]), NAMED)), 1)
    return text


def finding(measure: Measure, reader: Reader, *, statements: bool = True) -> str:
    """What a measure says, as the sentence of its check; long statements are cut, or left out."""
    known = catalogue().get(measure.what)
    if known is None:
        return f"{measure.what}: {measure.object}"
    return render(known, _readable(measure, statements=statements), reader.language, reader.zone)


def why(fact: Fact, reader: Reader) -> str | None:
    known = catalogue().get(fact.check)
    return words(known, reader.language).why if known else None


def fine(checked: Checked, seen: Evidence, reader: Reader) -> tuple[str, tuple[str, ...]] | None:
    """(a few words with the number that shows it, ids of the measures); None when there is nothing short to say."""
    measures = [seen.measures[id] for id in checked.measures if id in seen.measures]
    if not measures:
        text = lang.template(reader.language, f"none.{checked.check}")
        return None if text is None else (text, ())
    phrase = lang.template(reader.language, f"fine.{checked.check}")
    measure = max(measures, key=lambda one: _first_number(one, phrase))
    text = valued(reader, f"fine.{checked.check}", measure)
    return None if text is None else (text, (measure.id,))


def _first_number(measure: Measure, text: str | None) -> float:
    """The number that a phrase shows first, by which the worst of several rows is chosen."""
    first = re.search(r"\{(\w+)\}", text or "")
    value = measure.values.get(first[1]) if first else None
    return float(value) if isinstance(value, int | float) else float("-inf")


def fix_lines(fix: Fix, reader: Reader) -> list[str]:
    """The statement in a fence, then its lock and risk, and how to undo it."""
    kind = "CANCEL" if _CANCEL.search(fix.statement) else fix.safety
    label = [reader.say("fix.label", lock=reader.say(f"fix.{kind}"), risk=reader.say(f"risk.{kind}"))]
    if fix.dangerous:
        label.append(reader.say("fix.dangerous"))
    lines = [
        "```sql",
        ended(fix.statement),
        "```",
        reader.say("fix.line", label=reader.serial(label)),
    ]
    if fix.rollback:
        lines.append(reader.say("part.rollback", statement=code(fix.rollback)))
    return lines


def ended(sql: str) -> str:
    """A statement with its semicolon; what ends in a comment, or is a line or a command, stays as it is."""
    bare = sql.rstrip().rstrip(";")
    return bare if "--" in bare or _LINE.match(bare) else bare + ";"


def code(text: str) -> str:
    """Inline code, also of a text with backticks in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def statement(measure: Measure) -> str | None:
    """The statement a measure is about, on one line."""
    for name, unit in measure.units.items():
        if unit == "sql" and measure.values.get(name):
            return one_line(str(measure.values[name]))
    return None


def one_line(sql: str, limit: int = STATEMENT) -> str:
    flat = re.sub(r"\s+", " ", sql).strip()
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _readable(measure: Measure, *, statements: bool) -> Measure:
    """The measure with its statements short and quoted."""
    values: dict[str, Any] = dict(measure.values)
    for name, unit in measure.units.items():
        if unit == "sql" and values.get(name):
            values[name] = one_line(str(values[name])) if statements else "…"
    units: dict[str, Unit] = {name: _unit(measure, name) for name in measure.units}
    return msgspec.structs.replace(measure, values=values, units=units)


def _unit(measure: Measure, name: str) -> Unit:
    """The unit of a column; numbers that are names, such as a process id, are no counts."""
    return "text" if name in NAMES else measure.units.get(name, "text")


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s+|(?<=[。；])", text.strip(), maxsplit=1)[0].rstrip(" .;。；")
