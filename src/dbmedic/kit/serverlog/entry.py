"""One entry of a server's log, with everything taken out that may be a value of a row."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from msgspec import Struct

from dbmedic.kit.evidence.deadlock import Deadlock
from dbmedic.kit.statements import normalised

Severity: TypeAlias = Literal["panic", "fatal", "error", "warning", "log"]
_NAMED = re.compile(
    r"(?:relation|table|column|constraint|index|database|user|role|function|procedure|schema|type|sequence|view|"
    r"tablespace|slot|publication|subscription|extension|parameter|trigger|policy|language|operator|rule|"
    r"cursor|savepoint|file|path|application|关系|表|字段|约束|索引|用户|角色|数据库|函数|模式|类型)$",
    re.IGNORECASE,
)
"""Words before a double-quoted text that make it a name; any other quoted text may be a value."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"?' + r"|'(?:[^'\\]|\\.|'')*'?|“[^”]*”?|\$\d+ = \S+")
_RUN = re.compile(
    r"^(duration: [\d.]+ ms\s+)?(?:statement|execute [^:]*|parse [^:]*|bind [^:]*|plan): *", re.IGNORECASE
)
_DIGITS = re.compile(r"0x[0-9a-fA-F]+|[0-9A-F]+/[0-9A-F]+(?![\w])|\d+(?:\.\d+)*")
LONGEST = 2000


class Entry(Struct, frozen=True, kw_only=True):
    """What one message says.  Texts are cut at 2,000 characters and hold no literal."""

    at: datetime
    severity: Severity
    code: str = ""
    """SQLSTATE, or the number of a MySQL error; empty where neither is written nor known of the text."""
    message: str
    statement: str = ""
    """The statement that met it, normalised."""
    context: str = ""
    detail: str = ""
    pid: str = ""
    user: str = ""
    database: str = ""
    host: str = ""
    application: str = ""
    deadlock: Deadlock | None = None

    @property
    def shape(self) -> str:
        """The message without its numbers: equal for messages of one kind."""
        return _DIGITS.sub("N", self.message)


def without_values(text: str) -> str:
    """A message with every quoted text as `?` but names of things, and a statement in it normalised."""
    text = text[:LONGEST]
    if run := _RUN.match(text):
        return f"{run[1] or ''}statement: {shaped(text[run.end() :])}"

    def hidden(match: re.Match[str]) -> str:
        quoted = match[0]
        if quoted[0] == '"' and _NAMED.search(text[: match.start()].rstrip()):
            return quoted
        return "?"

    return _QUOTED.sub(hidden, text)


@lru_cache(maxsize=512)
def shaped(statement: str, engine: str = "postgres") -> str:
    """A statement without literals, in one line."""
    return normalised(statement[: 2 * LONGEST], engine)[:LONGEST]
