"""Named statements and numbered migrations, read from the SQL files beside this one.

The files are in the SQL that SQLite and PostgreSQL both speak; `/*sqlite … */` and `/*postgres … */` hold what only
one of them understands, and to the other are comments.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, TypeAlias

from dbmedic.core.errors import Bug

Dialect: TypeAlias = Literal["sqlite", "postgres"]

_HEADER = re.compile(r"^-- name: (\w+)((?: :\w+)*) --$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_ONLY = re.compile(r"/\*(sqlite|postgres)\s(.*?)\*/", re.DOTALL)
PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")
_READS = ("select", "with")


class Query(NamedTuple):
    """One named statement."""

    name: str
    sql: str
    params: frozenset[str]
    writes: bool
    instant: bool
    """Costs microseconds, so it may run where nothing may wait."""
    on_log: bool
    """Names the table `events`, so it must see the entries appended before it."""


class Migration(NamedTuple):
    """One step from the schema before it; applied once, in order of `number`."""

    number: int
    name: str
    sql: str


def for_dialect(sql: str, dialect: Dialect) -> str:
    """The text with this dialect's pieces opened and the other's removed."""
    return _ONLY.sub(lambda found: found[2].strip() if found[1] == dialect else "", sql)


def parse(text: str, dialect: Dialect) -> dict[str, Query]:
    """The statements of a file by name, in its order.  Raises `Bug` for a name that comes twice."""
    pieces = _HEADER.split(text)[1:]
    queries: dict[str, Query] = {}
    for name, flags, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        if name in queries:
            raise Bug(f"statement {name} is written twice")
        sql = for_dialect(_COMMENT.sub("", body), dialect).strip()
        queries[name] = Query(
            name=name,
            sql=sql,
            params=frozenset(PARAMETER.findall(sql)),
            writes=not sql.startswith(_READS),
            instant=":instant" in flags.split(),
            on_log=re.search(r"\bevents\b", sql) is not None,
        )
    return queries


@cache
def queries(dialect: Dialect) -> dict[str, Query]:
    """All named statements of the store: of the files for both dialects, and of those named for this one."""
    found = {file.name: file for file in files("dbmedic.store").iterdir() if file.name.endswith(".sql")}
    ours = [name for name in sorted(found) if name.count(".") == 1 or name.endswith(f".{dialect}.sql")]
    return parse("\n".join(found[name].read_text("utf-8") for name in ours), dialect)


@cache
def migrations(dialect: Dialect) -> tuple[Migration, ...]:
    """All migrations, first one first; the last one's number is the schema version of this release."""
    found = [
        Migration(int(file.name[:4]), file.name.removesuffix(".sql"), for_dialect(file.read_text("utf-8"), dialect))
        for file in (files("dbmedic.store") / "migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return tuple(sorted(found))
