"""What must not leave for a language model, as patterns: literals of statements, and data about people.  Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Final, NamedTuple


class Hit(NamedTuple):
    """A stretch of text to hide."""

    start: int
    end: int
    kind: str


_VERB = (
    r"select(?!\w)|insert\s+(?:ignore\s+)?into|replace\s+into|update\s+[\w.`\"]+\s+(?:as\s+\w+\s+)?set|delete\s+from|"
    r"with\s+(?:recursive\s+)?[\w`\"]+\s+as|merge\s+into|call\s+[\w.]+\s*\(|execute\s+\w+|"
    r"(?:create|alter)\s+(?:user|role)|set\s+password|values\s*\(|where\s+[\w.`\"]+\s*(?:=|<|>|like|in)"
)
_START: Final = re.compile(rf"\b(?:{_VERB})", re.IGNORECASE)
_END_ONE: Final = re.compile(r";|\n|`| \[m\d+\]| · ")
_END_MANY: Final = re.compile(
    r";|`|\n\s*\n|\n(?=\d{4}-\d\d|\d{6} |\[|#|\*|- )|</data>|[？。]|\.\s|"
    r"\?\s+(?!(?:and|or|order|group|limit|for|on|where|union|set|from|between|then|else|end|as)\b)[A-Za-z]"
)
_END_JSON: Final = re.compile(r'(?<!\\)"|\n')
_LITERAL: Final = re.compile(
    r"(?<![a-z]{2})'(?P<text>(?:[^'\\]|''|\\.)*)(?:'|$)"
    r"|(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r'|(?<=[=<>(,])\s*\\?"(?P<double>(?:[^"\\]|\\[^"])*)\\?"'
    r"|(?<![\w$.:@#])(?P<number>-?(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?))(?![\w.]*\w)",
    re.IGNORECASE | re.DOTALL,
)
_STRING: Final = re.compile(r"'(?:[^'\\\n]|''|\\.)*'")
_KEPT_BEFORE: Final = re.compile(r"(?:\blimit|\boffset|\bfetch\s+(?:first|next)|\bin\s+the\s+last)\s+$", re.IGNORECASE)

_COMPARED: Final = re.compile(
    r"(?:(?<!tool)(?<!file)[=<>]|\blike|\bentry|\bvalues?|\bfor user|\bsyntax for [\w ]+:|[(,](?=\s*'))\s*"
    r"(?P<q>['\"])(?P<text>(?:(?!(?P=q))[^\n\\]|\\.)+)(?P=q)",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(
    r"[\d.]+\s?[a-z%]{0,3}|on|off|yes|no|true|false|local|none|all|any|minimal|replica|logical|always|auto|"
    r"remote_apply|remote_write|scram-sha-256|md5|utf-?8\w*|btree|hash|gin|gist|brin|active|idle(?: in transaction)?",
    re.IGNORECASE,
)
_ROW: Final = re.compile(r"\bKey \([^)\n]*\)=\((?P<key>[^\n]*?)\)(?= |\.|$)|\bFailing row contains \((?P<row>[^\n]*)\)")
_TAKES_VALUE = r"password|passwd|pwd|passphrase|secret|api[_-]?key|access[_-]?key|auth[_-]?token|bearer|identified\s+by"
_SECRET_WORDS: Final = (
    "pass", "pwd", "secret", "apikey", "api_key", "api-key", "accesskey", "access_key", "access-key", "authtoken",
    "auth_token", "auth-token", "bearer", "identified",
)  # fmt: skip
"""What a match of `_TAKES_VALUE` begins with, in lower case."""
_SECRET: Final = re.compile(
    rf"(?:\b|_)(?:{_TAKES_VALUE})\b(?:\s*[=:]\s*['\"]?|\s+['\"])"
    r"(?P<said>[^\s'\",;)]{3,})|://[^\s:/@]*:(?P<url>[^\s@/]+)@",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
_IP: Final = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4})(?![\w:])", re.IGNORECASE
)
_CITIZEN: Final = re.compile(
    r"(?<![\w.])[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)"
)
_CARD: Final = re.compile(
    r"(?<![\w.:])(?:[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}|3[47]\d\d[ -]?\d{6}[ -]?\d{5})(?![\w.]*\d)"
)
_PHONE: Final = re.compile(
    r"(?<![\w.:+-])(?:\+\d{1,3}[ -]?(?:\(?\d{1,4}\)?[ -]?){2,5}\d{2,4}|1[3-9]\d{9}|\(\d{3}\) ?\d{3}-\d{4}|"
    r"0\d{2,3}-\d{7,8}|\d{3}-\d{3}-\d{4}|08\d{2}-?\d{4}-?\d{3,5})(?![\w-])"
)
_DOTTED: Final = re.compile(r"\d\.\d|:[0-9a-f]{0,4}:", re.IGNORECASE)
"""In every address."""
_DIGITS: Final = re.compile(r"\d{3}[)-]? ?\d{3}")
"""In every number of a person, a card or a telephone, but for one with a plus sign."""
OURS: Final = ("0.0.0.0", "127.", "255.255.")  # noqa: S104 - recognised, not bound to


def personal(text: str) -> Iterator[Hit]:
    """Data about people and secrets, wherever they stand.

    Each pattern is only tried on a text that has what all of its matches have: most texts have none of it.
    """
    folded = text.casefold()
    if "://" in text or any(word in folded for word in _SECRET_WORDS):
        for match in _SECRET.finditer(text):
            group = "said" if match["said"] else "url"
            yield Hit(*match.span(group), "SECRET")
    for kind, pattern, needs, holds in _PERSONAL:
        if needs(text):
            for match in pattern.finditer(text):
                if holds(match[0]):
                    yield Hit(*match.span(), kind)


def literals(text: str, *, lines: bool) -> Iterator[Hit]:
    """Literals of the statements in a text; with `lines` a statement ends with its line."""
    at = 0
    while (begun := _START.search(text, at)) is not None:
        before = text[begun.start() - 1 : begun.start()]
        ends = _END_JSON if before == '"' and lines else _END_ONE if lines else _END_MANY
        end, at = _statement(text, begun.start(), ends), begun.end()
        for match in _LITERAL.finditer(text, begun.start(), end):
            kind = match.lastgroup if match.lastgroup != "tag" else "dollar"
            group = "dollar" if match["dollar"] is not None else kind or "text"
            start, stop = match.span(group)
            if group == "number" and _KEPT_BEFORE.search(text, begun.start(), start):
                continue
            if stop > start:
                yield Hit(start, stop, "NUM" if group == "number" else "TEXT")
        at = max(at, end)


def _statement(text: str, start: int, ends: re.Pattern[str]) -> int:
    """Where a statement ends: an end inside of its strings is none."""
    strings = [match.span() for match in _STRING.finditer(text, start, min(len(text), start + 100_000))]
    starts = [begun for begun, _ in strings]
    for match in ends.finditer(text, start):
        at = bisect_left(starts, match.start()) - 1
        if at < 0 or match.start() >= strings[at][1] - 1:
            return match.start()
    return len(text)


def quoted(text: str) -> Iterator[Hit]:
    """Values in what a database or a log says outside of statements."""
    for match in _COMPARED.finditer(text):
        if not _HARMLESS.fullmatch(match["text"].strip()):
            yield Hit(*match.span("text"), "TEXT")
    for match in _ROW.finditer(text):
        yield Hit(*match.span("key" if match["key"] is not None else "row"), "TEXT")


def _address(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not text.startswith(OURS) and not address.is_loopback and not address.is_unspecified


def _luhn(text: str) -> bool:
    digits = [int(digit) for digit in text if digit.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


_PERSONAL: Final[tuple[tuple[str, re.Pattern[str], Callable[[str], object], Callable[[str], bool]], ...]] = (
    ("EMAIL", _EMAIL, lambda text: "@" in text, bool),
    ("IP", _IP, _DOTTED.search, _address),
    ("ID", _CITIZEN, _DIGITS.search, bool),
    ("CARD", _CARD, _DIGITS.search, _luhn),
    ("PHONE", _PHONE, lambda text: "+" in text or _DIGITS.search(text), lambda text: sum(map(str.isdigit, text)) >= 8),
)
"""Kind, pattern, what the whole text must have, what a match must be."""
