"""Execution plans of four engines, in every form they are printed -> one tree; and what is wrong with it.  Pure.

`read` takes whatever somebody pasted, `of` what a server answered, `findings` says which steps cost and why.
"""

from __future__ import annotations

from typing import Any

from dbmedic.kit.plans import mysql, mysql_text, postgres, postgres_text, sqlite
from dbmedic.kit.plans.conditions import Defeat, Term, defeats, terms
from dbmedic.kit.plans.findings import Finding, effort, findings
from dbmedic.kit.plans.tree import Node, Plan, steps, walk

__all__ = [
    "Defeat",
    "Finding",
    "Node",
    "Plan",
    "Term",
    "defeats",
    "effort",
    "findings",
    "of",
    "read",
    "steps",
    "terms",
    "walk",
]

MAX_LINES = 20_000
MAX_CHARS = 4_000_000


def of(value: Any, engine: str) -> Plan:
    """The plan in what `Engine.plan` gives.  Raises `ValueError` where there is none."""
    if engine == "postgres":
        return postgres.plan(value)
    if engine == "sqlite":
        return sqlite.plan(value["plan"] if isinstance(value, dict) else value)
    found = mysql.plan(value)
    from msgspec.structs import replace

    return replace(found, engine=engine)


def read(text: str) -> Plan | None:
    """The plan in a text, whatever stands around it; None where there is none or it is too large."""
    if len(text) > MAX_CHARS:
        return None
    try:
        if found := _json(text):
            return found
        lines = text.splitlines()[:MAX_LINES]
        if found := mysql_text.table(lines) or mysql_text.tree(lines):
            return found
        if objects := postgres_text.objects(lines):
            return postgres.plan(objects)
        return sqlite.text(lines)
    except (ValueError, RecursionError):
        return None


def _json(text: str) -> Plan | None:
    """The first JSON in the text that is a plan; psql's `+` and MySQL's `EXPLAIN:` around it do not matter."""
    if '"Plan"' not in text and '"query_block"' not in text and '"operation"' not in text:
        return None
    import json

    bare = "\n".join(line.strip(" |").removesuffix("+").rstrip() for line in text.splitlines())
    decoder = json.JSONDecoder()
    for at in [place for place, sign in enumerate(bare) if sign in "[{"][:20]:
        try:
            value = decoder.raw_decode(bare, at)[0]
        except (ValueError, RecursionError):
            continue
        for reader in (postgres.plan, mysql.plan):
            try:
                return reader(value)
            except ValueError:
                continue
    return None
