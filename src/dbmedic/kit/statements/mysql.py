"""MySQL and MariaDB: what a statement does, by its first words and an allow-list of everything it calls.

A statement that starts with SELECT, SHOW or EXPLAIN can only do harm through a handful of clauses (INTO, FOR UPDATE,
PROCEDURE, `:=`, sequences), executable comments and functions; the token row shows all of them, without the guesses of
a foreign grammar.
"""

from __future__ import annotations

from functools import lru_cache

from dbmedic.kit.statements.reading import MAX_CHARS, Kind, Reading, Relation, functions
from dbmedic.kit.statements.text import Token, main_verb, significant, tokens

_WRITES = {"insert", "update", "delete", "replace", "load", "truncate", "import", "handler"}
_DEFINES = {"create", "alter", "drop", "rename"}
_READS = {"select", "with", "show", "explain", "describe", "desc", "values", "table"}
_PLANNABLE = {"select", "with", "insert", "update", "delete", "replace"}
_LIMIT_HINTS = ("set_var", "max_execution_time", "resource_group")


@lru_cache(2048)
def reading(sql: str) -> Reading:
    """What one statement is, and why it is refused; never raises."""
    why, found = _shape(sql)
    if why or not found:
        return Reading("unknown", why or "it is empty")
    words = [token.text.lower() if token.kind == "word" else token.text for token in found]
    refusal = _refused(found, words)
    kind = _kind(found)
    called = tuple(Relation(*name) for name, _ in _called(found))
    return Reading("write" if kind == "read" and refusal else kind, refusal, functions=called)


def why_not_planned(sql: str) -> str | None:
    """Why a statement of the application must not be given to EXPLAIN; None when it may.

    The optimizer calls functions whose arguments it knows, so they must be known as harmless here, too.
    """
    why, found = _shape(sql)
    if why or not found:
        return why or "it is empty"
    words = [token.text.lower() for token in found]
    if words[0] not in _PLANNABLE and words[0] != "(":
        return "only SELECT, INSERT, REPLACE, UPDATE and DELETE have a plan"
    if "outfile" in words or "dumpfile" in words:
        return "it writes a file"
    return _refused_call(found, targets=True)


def _shape(sql: str) -> tuple[str | None, list[Token]]:
    """Whether the text is one whole statement without hidden parts, and its tokens."""
    if len(sql) > MAX_CHARS or "\0" in sql:
        return f"the text is longer than {MAX_CHARS} characters or holds a null character", []
    for token in tokens(sql, "mysql"):
        if token.kind == "open":
            return "a string, a name or a comment never ends", []
        if token.kind == "comment" and ("/*!" in token.text or "/*M!" in token.text):
            return "the server runs what stands in a comment of this kind: /*! … */", []
        if token.text.startswith("/*+") and any(hint in token.text.lower() for hint in _LIMIT_HINTS):
            return "a hint changes our own limits", []
    found = significant(sql, "mysql")
    while found and found[-1].text == ";":
        found.pop()
    if any(token.text == ";" for token in found):
        return "more than one statement", found
    return None, found


def _kind(found: list[Token]) -> Kind:
    words = [token.text.lower() for token in found if token.kind == "word"]
    first = words[0] if words else ""
    if first == "with":
        first = main_verb([token.text.lower() for token in found], _WRITES)
    if first in _WRITES:
        return "write"
    if first in _DEFINES:
        return "administer" if set(words[1:3]) & {"user", "role", "server", "instance"} else "define"
    if first in _READS or words == ["xa", "recover"]:
        return "read"
    return "administer" if first else "unknown"


def _refused(found: list[Token], words: list[str]) -> str | None:
    first = next((word for word in words if word != "("), "")
    if first == "show":
        if (
            len(words) < 2
            or words[1] not in functions("mysql")["shown"]
            or "events" in words[2:3]
            or words[1:3] == ["create", "user"]
        ):
            return f"SHOW {words[1].upper() if len(words) > 1 else ''} is not among the ones that are read here"
        return _refused_call(found)
    if first in ("explain", "describe", "desc"):
        if "analyze" in words[1:4]:
            return "EXPLAIN ANALYZE runs the statement"
        inner = next((word for word in words[1:] if word in _PLANNABLE | {"analyze", "table"}), "select")
        if inner not in ("select", "with"):
            return f"EXPLAIN of {inner.upper()}: ask for its plan instead"
    elif words == ["xa", "recover"]:
        return None
    elif first not in ("select", "with", "values"):
        return f"{first.upper()} does more than read"
    return _refused_clause(words, found) or _refused_call(found)


def _refused_clause(words: list[str], found: list[Token]) -> str | None:
    for at, (word, token) in enumerate(zip(words, found, strict=True)):
        after = words[at + 1] if at + 1 < len(words) else ""
        before = words[at - 1] if at else ""
        if word == ":=":
            return "it assigns a variable"
        if token.kind != "word" or before == ".":
            continue
        if word == "for" and after in ("update", "share"):
            return "FOR UPDATE and FOR SHARE lock rows"
        if word == "lock" and after == "in":
            return "LOCK IN SHARE MODE locks rows"
        if word in ("next", "previous") and after == "value":
            return "NEXT VALUE FOR writes a sequence"
        if word in functions("mysql")["refused"] and after != "(" and not (word == "set" and before == "character"):
            return f"{word.upper()} does more than read"
    return None


def _refused_call(found: list[Token], *, targets: bool = False) -> str | None:
    """Why one of the functions called is refused; `targets`: names after INTO are tables, not functions."""
    known = functions("mysql")
    for (schema, name), at in _called(found):
        if schema is None and (name in known["read"] or name in known["before_parenthesis"]):
            continue
        if schema == "sys" and name in known["sys"]:
            continue
        if targets and any(token.text.lower() == "into" for token in found[max(0, at - 3) : at]):
            continue
        return f"function {name if schema is None else f'{schema}.{name}'} is not known as harmless"
    return None


def _called(found: list[Token]) -> list[tuple[tuple[str | None, str], int]]:
    """(schema, name) of every name before a parenthesis, in lower case, with its place; not CTEs, not column lists."""
    out: list[tuple[tuple[str | None, str], int]] = []
    for at, token in enumerate(found[:-1]):
        if found[at + 1].text != "(" or token.kind not in ("word", "name"):
            continue
        before = found[at - 1].text.lower() if at else ""
        name = (token.text.strip("`") if token.kind == "name" else token.text).lower()
        if before == "." and at >= 2:
            out.append(((found[at - 2].text.strip("`").lower(), name), at))
        elif before not in ("as", ")") and not (before in ("with", "recursive", ",") and _is_cte(found, at)):
            out.append(((None, name), at))
    return out


def _is_cte(found: list[Token], at: int) -> bool:
    """`name (columns) AS (…`: the definition of a common table expression."""
    depth = 0
    for place in range(at + 1, len(found)):
        depth += {"(": 1, ")": -1}.get(found[place].text, 0)
        if depth == 0:
            return [token.text.lower() for token in found[place + 1 : place + 3]] == ["as", "("]
    return False
