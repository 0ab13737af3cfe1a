"""The script that asks PostgreSQL for a plan without running anything, and the text it can be asked with.

Statistics views write `$1` for every constant, also where no parameter may stand (`interval $1`, `date $1`); those are
given back a type.  From 16 on the planner takes placeholders as they are; before, a prepared statement is explained
with NULLs under a forced generic plan.
"""

from __future__ import annotations

from dbmedic.core.errors import StatementFailed
from dbmedic.kit.statements.text import Token, placeholders, significant, tokens

_TYPES = {"interval", "date", "time", "timestamp", "timestamptz", "timetz"}
_FIELDS = {"year", "month", "day", "hour", "minute", "second", "to"}


def script(statement: str, *, version: int, schema: str | None) -> str:
    """Statements in one transaction of their own, read-only; the EXPLAIN gives the only rows.

    Raises `StatementFailed` for a text that was cut off.
    """
    found = significant(statement, "postgres")
    while found and found[-1].text == ";":
        found.pop()
    if not found or any(token.kind == "open" for token in found):
        raise StatementFailed("the statement was cut off by the server; raise track_activity_query_size", "42601")
    text = plannable(statement[: found[-1].start + len(found[-1].text)])
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


def _ident(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
