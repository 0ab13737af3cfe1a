"""SQLite: a first look at a statement.  The engine's authorizer, inside SQLite's own parser, has the last word."""

from __future__ import annotations

from functools import lru_cache

from dbmedic.kit.statements.reading import MAX_CHARS, Kind, Reading, Relation, functions
from dbmedic.kit.statements.text import main_verb, significant

_WRITES = {"insert", "update", "delete", "replace"}
_DEFINES = {"create", "alter", "drop"}


@lru_cache(2048)
def reading(sql: str) -> Reading:
    """What one statement is, and why it is refused; never raises."""
    if len(sql) > MAX_CHARS or "\0" in sql:
        return Reading("unknown", f"the text is longer than {MAX_CHARS} characters or holds a null character")
    found = significant(sql, "sqlite")
    while found and found[-1].text == ";":
        found.pop()
    if any(token.kind == "open" for token in found):
        return Reading("unknown", "a string, a name or a comment never ends")
    if any(token.text == ";" for token in found):
        return Reading("unknown", "more than one statement")
    words = [token.text.lower() for token in found if token.kind in ("word", "op", "name", "string", "number")]
    refusal = _refused(words)
    kind = _kind(words)
    return Reading("write" if kind == "read" and refusal else kind, refusal)


def why_not_planned(sql: str) -> str | None:
    """Why a statement must not be given to EXPLAIN QUERY PLAN; None when it may."""
    found = reading(sql)
    words = [token.text.lower() for token in significant(sql, "sqlite")]
    if found.kind == "unknown" or words[0] not in _WRITES | {"select", "with", "values"}:
        return found.refusal or "only SELECT, INSERT, UPDATE and DELETE have a plan"
    return None


def _kind(words: list[str]) -> Kind:
    first = words[0] if words else ""
    if first == "with":
        first = main_verb(words, _WRITES)
    if first in _WRITES:
        return "write"
    if first in _DEFINES:
        return "define"
    return "read" if first in ("select", "values", "explain", "pragma") else "administer" if first else "unknown"


def _refused(words: list[str]) -> str | None:
    if not words:
        return "it is empty"
    first = words[0]
    if first == "pragma":
        return _refused_pragma(words[1:])
    if first == "explain":
        rest = words[3:] if words[1:3] == ["query", "plan"] else words[1:]
        return None if rest[:1] in (["select"], ["with"], ["values"]) else "EXPLAIN of this: ask for its plan instead"
    if first not in ("select", "with", "values"):
        return f"{first.upper()} does more than read"
    called = [Relation(None, words[at]) for at in range(len(words) - 1) if words[at + 1] == "("]
    for function in called:
        if function.name.strip("\"`[]'") in functions("sqlite")["refused"]:
            return f"function {function.name} does more than read"
    if first == "with" and (verb := main_verb(words, _WRITES)) != "select":
        return f"{verb.upper()} does more than read"
    return None


def _refused_pragma(words: list[str]) -> str | None:
    if len(words) > 1 and words[1] == ".":
        words = words[2:]
    name, rest = (words[0] if words else ""), words[1:]
    if name == "optimize" and rest == ["(", "-", "1", ")"]:
        return None  # lists what it would do
    if name not in functions("sqlite")["pragmas"]:
        return f"PRAGMA {name} is not among the ones that are read here"
    if not rest:
        return None
    if name in functions("sqlite")["pragmas_of"] and rest[0] == "(" and rest[-1] == ")" and len(rest) == 3:
        return None
    return f"PRAGMA {name} with a value does more than read"
