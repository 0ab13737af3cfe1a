"""The script that asks PostgreSQL for a plan without running anything, and the text it can be asked with.

Statistics views write `$1` for every constant, also where no parameter may stand (`interval $1`, `extract($1 from x)`);
those are given back a type.  From 16 on the planner takes placeholders as they are; before, a prepared statement is
explained with NULLs under a forced generic plan.  Where a placeholder's type cannot be told, plain values stand in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbmedic.core.errors import StatementFailed
from dbmedic.kit.statements.text import Token, placeholders, significant, tokens

STANDINS = (None, "1", "'1'")
"""What stands for a placeholder, tried in this order: itself, a number, a text."""
UNTYPED = {"42725", "42P18", "42P08", "42804", "42883"}
"""SQLSTATEs that say: the type of something is not known; the next of `STANDINS` may do."""
_TYPES = frozenset(
    (
        "interval", "date", "time", "timestamp", "timestamptz", "timetz", "bool", "boolean", "int", "integer", "int2",
        "int4", "int8", "smallint", "bigint", "numeric", "decimal", "real", "float", "float4", "float8", "text",
        "varchar", "char", "bpchar", "name", "json", "jsonb", "xml", "uuid", "inet", "cidr", "macaddr", "bytea", "oid",
        "regclass", "money", "bit", "varbit", "point", "box", "pg_lsn", "tsquery", "tsvector",
    )
)  # fmt: skip
_LONG_TYPES = (
    (re.compile(r"\btimestamp\s+with\s+time\s+zone(?=\s+\$\d)", re.IGNORECASE), "timestamptz"),
    (re.compile(r"\btimestamp\s+without\s+time\s+zone(?=\s+\$\d)", re.IGNORECASE), "timestamp"),
    (re.compile(r"\bdouble\s+precision(?=\s+\$\d)", re.IGNORECASE), "float8"),
    (re.compile(r"\bextract\s*\(\s*\$\d+(?=\s+from\b)", re.IGNORECASE), "extract(epoch"),
)
_FIELDS = {"year", "month", "day", "hour", "minute", "second", "to"}


def script(
    statement: str, *, version: int, schema: str | None, standin: str | None = None, imagine: Sequence[str] = ()
) -> str:
    """Statements in one transaction of their own, read-only; the EXPLAIN gives the last rows, after `imagine`.

    Raises `StatementFailed` for a text that was cut off.
    """
    found = significant(statement, "postgres")
    while found and found[-1].text == ";":
        found.pop()
    if not found or any(token.kind == "open" for token in found):
        raise StatementFailed("the statement was cut off by the server; raise track_activity_query_size", "42601")
    text = plannable(statement[: found[-1].start + len(found[-1].text)])
    if standin is not None:
        text = _filled(text, standin)
    count = placeholders(significant(text, "postgres"))
    path = f"{_ident(schema)}, public" if schema else "default"
    lines = [
        "begin read only",
        f"set local search_path to {path}",
        "set local max_parallel_workers_per_gather to default",
        "set local jit to default",
        "set local row_security to default",
        "set local constraint_exclusion to default",
    ]
    lines += imagine
    if not count:
        lines.append(f"explain (format json) {text}")
    elif version >= 160000:
        lines.append(f"explain (format json, generic_plan) {text}")
    else:
        nulls = ", ".join(["null"] * count)
        lines += [
            "set local plan_cache_mode to force_generic_plan",
            f"prepare dbmedic_plan as {text}",
            f"explain (format json) execute dbmedic_plan({nulls})",
            "deallocate dbmedic_plan",
        ]
    return ";\n".join([*lines, "rollback"])


def plannable(statement: str) -> str:
    """The text with types in front of placeholders moved behind them: `interval $1` -> `$1::interval`."""
    for long, short in _LONG_TYPES:
        statement = long.sub(short, statement)
    out: list[str] = []
    held: Token | None = None
    after_field = False
    for token in tokens(statement, "postgres"):
        if token.kind in ("space", "comment"):
            out.append(" ")
            continue
        if token.kind == "param" and held is not None:
            while out and out[-1] != held.text:
                out.pop()
            out[-1] = f"{token.text}::{held.text}"
            held, after_field = None, True
            continue
        if after_field and token.kind == "word" and token.text.lower() in _FIELDS:
            continue  # `interval $1 day`: the unit was part of the literal's type
        after_field = False
        held = token if token.kind == "word" and token.text.lower() in _TYPES else None
        out.append(token.text)
    return "".join(out).strip()


def _filled(text: str, standin: str) -> str:
    """The text with values for placeholders; those whose type a cast tells stay, numbered anew."""
    found = list(tokens(text, "postgres"))
    out: list[str] = []
    numbers: dict[str, int] = {}
    for at, token in enumerate(found):
        if token.kind != "param":
            out.append(token.text)
        elif at + 1 < len(found) and found[at + 1].text == "::":
            out.append(f"${numbers.setdefault(token.text, len(numbers) + 1)}")
        else:
            out.append(standin)
    return "".join(out)


def _ident(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
