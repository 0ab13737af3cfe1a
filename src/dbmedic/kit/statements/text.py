"""SQL as a row of tokens, for the three dialects; works on truncated text, too.

Nothing here understands a statement: it knows only where strings, quoted names, comments and numbers begin and
end, as each server's own lexer does in the session settings that dbmedic asserts (`standard_conforming_strings` on,
no ANSI_QUOTES, no NO_BACKSLASH_ESCAPES).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["space", "comment", "string", "name", "number", "word", "param", "op", "open"]
"""`name` is a quoted identifier; `open` is a string, name or comment that never ends."""


class Token(NamedTuple):
    """`text` as written; `start` its offset in characters."""

    kind: Kind
    text: str
    start: int


_NUMBER = r"(?P<number>(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$]))"
_WORD = r"(?P<word>[^\W\d][\w$]*|\d[\w$]*)"
_OP = r"(?P<op>::|:=|<=|>=|<>|!=|\|\||&&|->>|->|=>|.)"

_POSTGRES = rf"""
    (?P<space>\s+)
  | (?P<line>--[^\r\n]*)
  | (?P<block>/\*)
  | (?P<string>[eE]'(?:[^'\\]|\\.|''|\\\Z)*+(?P<end1>'?)
      | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+(?P<end2>'?)
      | \$(?P<tag>(?:[^\W\d][^\W$]*)?)\$(?:(?!\$(?P=tag)\$).)*+(?P<end3>(?:\$(?P=tag)\$)?))
  | (?P<name>(?:[uU]&)?"(?:[^"]|"")*+(?P<end4>"?))
  | (?P<param>\$\d+)
  | {_NUMBER} | {_WORD} | {_OP}
"""
_MYSQL = rf"""
    (?P<space>\s+)
  | (?P<line>(?:\#|--(?=[\s\x00-\x1f]|$))[^\n]*)
  | (?P<block>/\*)
  | (?P<string>(?:[nNxXbB]|_[A-Za-z]\w*\s*)?+
      (?:'(?:[^'\\]|\\.|''|\\\Z)*+(?P<end1>'?)|"(?:[^"\\]|\\.|""|\\\Z)*+(?P<end2>"?)))
  | (?P<name>`(?:[^`]|``)*+(?P<end3>`?(?P<end4>)))
  | (?P<param>\?|@@?[\w$.]+|@@?(?=['"`]))
  | {_NUMBER} | {_WORD} | {_OP}
"""
_SQLITE = rf"""
    (?P<space>\s+)
  | (?P<line>--[^\n]*)
  | (?P<block>/\*)
  | (?P<string>[xX]?'(?:[^']|'')*+(?P<end1>'?))
  | (?P<name>"(?:[^"]|"")*+(?P<end2>"?)|`(?:[^`]|``)*+(?P<end3>`?)|\[[^\]]*+(?P<end4>\]?))
  | (?P<param>\?\d*|[:@$][\w$]+)
  | {_NUMBER} | {_WORD} | {_OP}
"""
_LEXERS = {
    name: re.compile(pattern, re.VERBOSE | re.DOTALL)
    for name, pattern in (("postgres", _POSTGRES), ("mysql", _MYSQL), ("sqlite", _SQLITE))
}
_ENDS = ("end1", "end2", "end3", "end4")
"""Groups that hold the closing quote of a string or a name, empty where the text ended first."""
_IN_LIST = re.compile(r"(\bin)\s*\(\s*\?(?:\s*,\s*\?)*+\s*\)", re.IGNORECASE)
_ROWS = re.compile(r"(\((?:\s*\?\s*,?)++\))(?:\s*,\s*\((?:\s*\?\s*,?)++\))+")
_NESTING = re.compile(r"/\*|\*/")


def dialect(engine: str) -> str:
    """The lexer's name for an engine: MariaDB reads as MySQL, Redis is asked in SQLite's, all others as PostgreSQL."""
    return {"mariadb": "mysql", "mysql": "mysql", "sqlite": "sqlite", "redis": "sqlite"}.get(engine, "postgres")


def tokens(sql: str, engine: str) -> Iterator[Token]:
    """All tokens in order, spaces and comments included; their texts joined are `sql`."""
    match, at, size = _LEXERS[dialect(engine)].match, 0, len(sql)
    while at < size:
        found = match(sql, at)
        assert found is not None, "every character is at least an operator"
        kind, end = found.lastgroup, found.end()
        if kind == "block":
            end = _comment_end(sql, at, nested=dialect(engine) == "postgres")
            kind = "comment" if end else "open"
            end = end or size
        elif kind == "line":
            kind = "comment"
        elif kind in ("string", "name") and not any(found.group(*_ENDS)):
            kind = "open"
        yield Token(kind, sql[at:end], at)  # type: ignore[arg-type]
        at = end


def significant(sql: str, engine: str) -> list[Token]:
    """The tokens that mean something: no spaces, no comments."""
    return [token for token in tokens(sql, engine) if token.kind not in ("space", "comment")]


def normalised(sql: str, engine: str) -> str:
    """One line without comments, literals as `?`, lists of literals as one `?`; for any text, truncated or not."""
    out: list[str] = []
    for token in tokens(sql, engine):
        text = token.text
        if token.kind in ("space", "comment"):
            text = " "
        elif token.kind == "open":
            text = " " if text.startswith("/*") else text if text[0] in '"`[' and dialect(engine) != "mysql" else "?"
        elif token.kind in ("string", "number"):
            text = "?"
        if text == " " and (not out or out[-1] == " "):
            continue
        out.append(text)
    line = "".join(out).strip()
    line = _IN_LIST.sub(r"\1 (?)", line)
    return _ROWS.sub(r"\1", line)


def bind(sql: str, params: Mapping[str, Any] | None, engine: str) -> tuple[str, list[Any]]:
    """`%(name)s` replaced by the server's own placeholders, and the values in their order.

    With parameters a literal percent sign is written `%%`; without (None) the text stays as it is.  Raises KeyError
    for a name that `params` lacks, ValueError for a stray percent sign.
    """
    if params is None:
        return sql, []
    names: list[str] = []
    numbered = dialect(engine) == "postgres"

    def place(found: re.Match[str]) -> str:
        name = found.group(1)
        if found.group() == "%%":
            return "%"
        if name is None:
            raise ValueError(f"a stray % at character {found.start()}: write %% or %(name)s")
        if name not in params:
            raise KeyError(name)
        if not numbered or name not in names:
            names.append(name)
        return f"${names.index(name) + 1}" if numbered else "?"

    text = re.sub(r"%\((\w+)\)s|%%|%", place, sql)
    return text, [params[name] for name in names]


def placeholders(found: Sequence[Token]) -> int:
    """How many `$n` (the highest n) or `?` stand in a statement."""
    numbered = [int(token.text[1:]) for token in found if token.kind == "param" and token.text[1:].isdigit()]
    return max(numbered, default=0) or sum(token.text == "?" for token in found if token.kind == "param")


def main_verb(words: Sequence[str], verbs: Set[str]) -> str:
    """The first of `verbs` outside all parentheses and not itself a call; "select" when there is none.

    It tells `with … delete` from `with … select replace(…)`.  Words are in lower case, parentheses among them.
    """
    depth = 0
    for at, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word in verbs and words[at + 1 : at + 2] != ["("]:
            return word
    return "select"


def _comment_end(sql: str, start: int, *, nested: bool) -> int:
    """Offset after the comment that starts at `start`; 0 when it never ends."""
    if not nested:
        return sql.find("*/", start + 2) + 2 if "*/" in sql[start + 2 :] else 0
    depth = 0
    for mark in _NESTING.finditer(sql, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return 0
