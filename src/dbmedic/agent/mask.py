"""Masks: values that stay here when a conversation is told to a language model, and come back in its answer.

A value becomes a word like EMAIL_1a2b3c4d, derived from the value and a key of the conversation: the same value is the
same word throughout, nobody without the key can try values out, and nothing has to be kept, for every request masks
its whole transcript again.  Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec

from dbmedic.agent.mask_patterns import Hit, literals, personal, quoted
from dbmedic.agent.prompt import RULES
from dbmedic.core.values import Call, Message

Sends: TypeAlias = Literal["masked", "names", "all"]
"""What a model is told: all with values masked; of what was read, measurements and names of objects alone; all."""

KINDS: Final = ("SECRET", "EMAIL", "PHONE", "CARD", "TEXT", "NUM", "IP", "ID")
_TOKEN: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(KINDS)})_[0-9a-f]{{8}}(?![0-9a-zA-Z])", re.IGNORECASE)
_CATALOGUE: Final = re.compile(
    r"^[`\"]?(?:pg_|information_schema|performance_schema|sys\.|mysql\.|sqlite_|dbstat|pragma_|"
    r"(?:info|config|keyspace|commandstats|errorstats|latencystats|slowlog|clients)$)",
    re.IGNORECASE,
)
_SOURCE: Final = re.compile(r"\b(?:from|join)\s+(?!\()([\w.`\"]+)", re.IGNORECASE)
_FIELD: Final = re.compile(r'"((?:[^"\\]|\\.)*)":(?:"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?))')
_SUMMED: Final = re.compile(r"count|sum|avg|min|max|total|rows|cnt|bytes|size|\bn\b", re.IGNORECASE)
_FILE: Final = re.compile(r"(<data file=[^\n]*>\n).*?(\n</data>)", re.DOTALL)
_TABLES: Final = re.compile(r"\b(?:from|join|into|update)\s+(?!\()([\w.`\"]+)", re.IGNORECASE)
_STATEMENT: Final = re.compile(
    r"`(?=\s*(?:select|insert|update|delete|with|replace|merge|call)\b)[^`\n]*`?|"
    r"\b(?:select\b[^\n`]*?\bfrom|insert\s+into|update\s+\S+\s+set|delete\s+from)\b[^\n`]*",
    re.IGNORECASE,
)
READ: Final = frozenset({"query", "explain", "search"})
"""Tools whose results are rows, plans and documents."""
LONGEST: Final = 16
"""Characters of the longest word that stands for a value, and one before it."""
KEPT: Final = "(kept here: this dbmedic tells models names and measurements alone)"


class Mask:
    """What one conversation hides, and the way back."""

    def __init__(self, key: bytes, sends: Sends = "masked", place: str = "") -> None:
        """`key` and `place` are this conversation's alone."""
        self._key, self._place, self.sends = key, place, sends
        self.hidden: dict[str, str] = {}
        """Word -> the value that it stands for."""
        self._told: dict[tuple[str, str], str] = {}

    # -- out ----------------------------------------------------------------------------------------------------

    def messages(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """A transcript as it may leave."""
        if self.sends == "all":
            return tuple(messages)
        calls = {call.id: call for one in messages for call in one.calls}
        return tuple(self._message(one, calls) for one in messages)

    def text(self, text: str, source: Literal["asked", "data", "rules"] = "data") -> str:
        """One text as it may leave; "data" is what a database, a log or an answer said."""
        if (told := self._told.get((source, text))) is not None:
            return told
        hits = [] if source == "rules" and _clean(text) else [*personal(text)]
        if source != "rules":
            hits += literals(text, lines=source == "data")
        if source == "data":
            hits += quoted(text)
        told = self._told[source, text] = self._without(text, hits)
        return told

    def _message(self, one: Message, calls: dict[str, Call]) -> Message:
        if one.role == "system":
            ours = RULES if one.text.startswith(RULES) else ""  # nothing of anybody's is in there
            return msgspec.structs.replace(one, text=ours + self.text(one.text[len(ours) :], "rules"))
        if one.role == "user":
            text = _FILE.sub(rf"\g<1>{KEPT}\g<2>", one.text) if self.sends == "names" else one.text
            images = () if self.sends == "names" else one.images
            return msgspec.structs.replace(one, text=self.text(text, "asked"), images=images)
        text, call = one.text, calls.get(one.call or "")
        if self.sends == "names":
            text = _named(text, call)
        if call is not None and call.tool == "query" and not _of_catalogues(call):
            text = self._rows(text)
        hidden = tuple(Call(each.id, each.tool, self._hidden(each.args)) for each in one.calls)
        return msgspec.structs.replace(one, text=self.text(text), calls=hidden)

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._hidden(part) for key, part in value.items()}
        return [self._hidden(part) for part in value] if isinstance(value, (list, tuple)) else value

    def _rows(self, text: str) -> str:
        """Rows of a user's table: every text in them, and every number that is no sum."""
        hits = []
        for match in _FIELD.finditer(text):
            if match[2]:
                hits.append(Hit(*match.span(2), "TEXT"))
            elif match[3] and not _SUMMED.search(match[1]):
                hits.append(Hit(*match.span(3), "NUM"))
        return self._without(text, hits)

    def _without(self, text: str, hits: Iterable[Hit]) -> str:
        parts, at = [], 0
        for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
            if hit.start >= at and not _TOKEN.fullmatch(text, hit.start, hit.end):
                parts += [text[at : hit.start], self._word(hit.kind, text[hit.start : hit.end])]
                at = hit.end
        return "".join([*parts, text[at:]])

    @cached_property
    def _own(self) -> bytes:
        return hmac.new(self._key, self._place.encode(), hashlib.sha256).digest()

    def _word(self, kind: str, value: str) -> str:
        for again in range(16):
            digest = hmac.new(self._own, f"{kind}\0{again}\0{value}".encode(), hashlib.sha256).hexdigest()
            word = f"{kind}_{digest[:8]}"
            if self.hidden.setdefault(word, value) == value:
                break
        return word

    # -- back ---------------------------------------------------------------------------------------------------

    def restored(self, text: str) -> str:
        """A text of the model with the values in it; words that stand for nothing stay."""
        return _TOKEN.sub(self._value, text) if self.hidden and "_" in text else text

    def value(self, value: Any) -> Any:
        """Arguments of a call with the values in them."""
        if isinstance(value, str):
            return self.restored(value)
        if isinstance(value, dict):
            return {key: self.value(part) for key, part in value.items()}
        return [self.value(part) for part in value] if isinstance(value, list) else value

    def _value(self, match: re.Match[str]) -> str:
        kind, _, digits = match[0].partition("_")
        return self.hidden.get(f"{kind.upper()}_{digits.lower()}", match[0])


class Restoring:
    """Text of a model that comes in pieces: a word that is cut in two waits for its end."""

    def __init__(self, mask: Mask) -> None:
        self._mask, self._held = mask, ""

    def feed(self, text: str) -> str:
        if not self._mask.hidden:
            return text
        text, self._held = self._held + text, ""
        if not text[-1:].isalnum() and text[-1:] != "_":
            return self._mask.restored(text)
        if (open_ := _OPEN.search(text, max(0, len(text) - LONGEST))) is not None:
            text, self._held = text[: open_.start()], text[open_.start() :]
        return self._mask.restored(text)

    def end(self) -> str:
        held, self._held = self._held, ""
        return self._mask.restored(held)


def _begun() -> re.Pattern[str]:
    """The beginning of a word at the end of a text; a whole one, too, for more digits may follow."""
    starts = {kind[:size] for kind in KINDS for size in range(1, len(kind) + 1)}
    whole = "|".join(KINDS)
    some = "|".join(sorted(starts, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9])(?:(?:{whole})_[0-9a-f]{{0,8}}|{some})\Z", re.IGNORECASE)


_OPEN: Final = _begun()


@lru_cache(256)
def _clean(text: str) -> bool:
    """Whether our own words around a question tell nothing of anybody: the same few texts, minute by minute."""
    return next(personal(text), None) is None


def _of_catalogues(call: Call) -> bool:
    """Whether a statement reads catalogues and statistics alone."""
    sources = _SOURCE.findall(str(call.args.get("sql", "")))
    return all(_CATALOGUE.match(source) for source in sources)


def _named(text: str, call: Call | None) -> str:
    """A result without statements, rows, plans and documents."""
    if call is not None and call.tool in READ:
        head, _, _ = text.partition("\n")
        return f"{head}\n{KEPT}\n</data>"
    return _STATEMENT.sub(_tables, text)


def _tables(match: re.Match[str]) -> str:
    names = ", ".join(dict.fromkeys(_TABLES.findall(match[0])))
    return f"(a statement on {names}; kept here)" if names else "(a statement; kept here)"
