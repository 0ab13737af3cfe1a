"""What a statement does, by a parser and by lists of what is harmless; and what it asks of tables, for advice.

Pure: text in, values out.  Whoever runs statements raises its own error from `refusal`.  Engines are named as in
`EngineFacts.engine`: "postgres", "mysql", "mariadb", "sqlite".
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from dbmedic.kit.statements.analysis import Asks, Join, Predicate, Sorted, asks, predicates
from dbmedic.kit.statements.reading import Kind, Reading, Relation
from dbmedic.kit.statements.text import bind, dialect, normalised

__all__ = [
    "Asks", "Join", "Kind", "Predicate", "Reading", "Relation", "Sorted", "asks", "bind", "dialect", "fingerprint",
    "kind", "normalised", "predicates", "reading", "refusal", "why_not_imagined", "why_not_planned",
]  # fmt: skip


def reading(sql: str, engine: str) -> Reading:
    """Kind, refusal, relations and functions of one statement; remembered per text, never raises."""
    family = dialect(engine)
    if family == "postgres":
        from dbmedic.kit.statements import postgres

        return postgres.reading(sql)
    if family == "mysql":
        from dbmedic.kit.statements import mysql

        return mysql.reading(sql)
    from dbmedic.kit.statements import sqlite

    return sqlite.reading(sql)


def kind(sql: str, engine: str) -> Kind:
    """ "read", "write" (rows), "define" (schema), "administer" (server, sessions, rights) or "unknown"."""
    return reading(sql, engine).kind


def refusal(sql: str, engine: str) -> str | None:
    """Why a read-only session must not run the text; None when it is one harmless read."""
    return reading(sql, engine).refusal


def why_not_planned(sql: str, engine: str) -> str | None:
    """Why a statement of the application must not be given to EXPLAIN; None when it may."""
    family = dialect(engine)
    if family == "postgres":
        from dbmedic.kit.statements import postgres

        return postgres.why_not_planned(sql)
    if family == "mysql":
        from dbmedic.kit.statements import mysql

        return mysql.why_not_planned(sql)
    from dbmedic.kit.statements import sqlite

    return sqlite.why_not_planned(sql)


def why_not_imagined(index: str) -> str | None:
    """Why PostgreSQL's planner must not imagine the index of a CREATE INDEX; None when it may."""
    from dbmedic.kit.statements import postgres

    return postgres.why_not_imagined(index)


@lru_cache(2048)
def fingerprint(sql: str, engine: str) -> str:
    """16 hexadecimal digits, the same for statements that differ in literals, layout and lengths of lists only."""
    if dialect(engine) == "postgres":
        import pgparse

        try:
            return str(pgparse.fingerprint(sql))
        except pgparse.PGQueryError:
            pass  # truncated, or newer than the grammar: the words alone decide
    text = normalised(sql, engine).rstrip("; ").lower()
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
