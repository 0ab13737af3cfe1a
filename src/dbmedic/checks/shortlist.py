"""Which tables of a big catalogue a check opens; looked up once per run from sources that open none.

MySQL and MariaDB open each table that information_schema.TABLES, STATISTICS, COLUMNS or PARTITIONS shows.  A check's
SQL therefore names, for each of these under its alias, the tables that could concern it: `{largest:t}` becomes a
condition on `t.TABLE_SCHEMA` and `t.TABLE_NAME`.  Up to `few` tables it is just true.  There are four more holes:
`{few}` is true while the catalogue is small; `{each}` is nothing then, and refuses where the answer takes every table's
definition; `{spaces}` is InnoDB's list of files, of a big catalogue read once for all checks, with the files of tables
as one row `/`; `{files}` is the same with the largest of them by name, and the others of a schema as one row `schema/`.
The lists are the family's `shortlists` in `servers.toml`; each gives `schema` and `table`, the likeliest first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbmedic.checks.plan import newest, server
from dbmedic.checks.template import literal
from dbmedic.core.errors import Denied, Unmeasured
from dbmedic.core.values import Row

if TYPE_CHECKING:
    from dbmedic.checks.context import Context

MOST = 300
"""Tables of one list that are opened; some tenths of a second of the server's time."""
HOLE = re.compile(r"\{(few|each|spaces|files|([a-z]+):(\w+))\}")
COST = 2
COUNT = """select count(*) as tables from information_schema.TABLES
where TABLE_SCHEMA not in ('mysql', 'information_schema', 'performance_schema', 'sys')"""
"""Opens nothing: names are all it wants."""
FILES = "information_schema.{tablespaces} files"
SPACES = """select if(NAME like '%/%', substring_index(NAME, '/', 1), '') as home, max(NAME) as name,
coalesce(FILE_SIZE, 0) as size, count(*) as files from information_schema.{tablespaces}
group by 1, if(NAME like '%/%' and FILE_SIZE < 262144, '', NAME), 3 order by 3 desc"""
"""The server looks at each file for its size.  Small tables of one size are one row, with the name of one of them."""
MOST_SPACES = 50_000
"""Beyond, the smallest are left out."""
LISTED = """select (select count(*) from information_schema.INNODB_SYS_TABLES
        where SPACE <> 0 and NAME like '%/%' and NAME not like 'mysql/%' and NAME not like 'sys/%') as tables,
       (select count(*) from information_schema.{tablespaces}
        where NAME like '%/%' and NAME not like 'mysql/%' and NAME not like 'sys/%') as listed"""
AGAIN = "tablespaces"
"""What `Lanes.again` looks up anew for a second look at the files."""


async def narrowed(context: Context, sql: str) -> str:
    """The statement with its holes filled; `context.better` says when a list was longer than what is opened.

    Raises `Denied` where the catalogue is big and the account may not see what tells of tables without opening them,
    `Unmeasured` for `{each}` there, else as `Context.rows`.
    """
    family = server(context.facts.engine)
    found = list(HOLE.finditer(sql)) if family.shortlists else []
    if not found:
        return sql
    tables = await _tables(context)
    if tables <= family.few:
        return HOLE.sub(lambda hole: {"each": "", "spaces": FILES, "files": FILES}.get(hole[1], "true"), sql)
    if any(hole[1] == "each" for hole in found):
        _refuse_each(context, tables)
    meant = {"few": "false", "each": ""}
    for hole in found:
        if hole[2]:
            meant[hole[1]] = await _condition(context, hole[2], hole[3], tables)
        elif hole[1] in ("spaces", "files"):
            meant[hole[1]] = await _files(context, MOST + 1 if hole[1] == "files" else 0)
    return HOLE.sub(lambda hole: meant[hole[1]], sql)


async def _tables(context: Context) -> int:
    """How many tables of users the account sees: so many are opened by who asks about all."""

    async def count() -> int:
        return int((await _plain(context).rows(COUNT))[0]["tables"])

    return int(await context.lanes.once("number of tables", count))


def _plain(context: Context) -> Context:
    """For what all checks share: neither the first one's time limit nor its remarks."""
    return type(context)(context.lanes, COST, ahead=context.ahead)


def _refuse_each(context: Context, tables: int) -> None:
    kept = int(context.facts.settings.get("table_definition_cache") or 0)
    if kept < tables:
        raise Unmeasured(
            "skipped_overload",
            f"it would load the definition of each of {tables:,} tables; table_definition_cache keeps {kept:,}",
            f"SET GLOBAL table_definition_cache = {tables + tables // 10}",
        )


async def _files(context: Context, named: int) -> str:
    """The files as a table of literals: so many of the largest tables' by name, the others in sum."""

    async def look() -> list[Row]:
        return await _plain(context).rows(SPACES, max_rows=MOST_SPACES)

    engine = context.facts.engine
    rows: list[Row] = await context.lanes.once(AGAIN, look)
    files = [f"select {literal(name, engine)} as NAME, {size} as FILE_SIZE" for name, size in folded(rows, named)]
    return f"({' union all '.join(files)}) files"


async def unlisted(context: Context) -> str:
    """A sentence where MariaDB does not list the files of many tables: those that were not opened since it started."""
    if context.facts.engine != "mariadb":
        return ""

    async def look() -> Row:
        return (await _plain(context).rows(LISTED))[0]

    row: Row = await context.lanes.once("listed files", look)
    tables, listed = int(row["tables"]), int(row["listed"])
    if listed >= 0.9 * tables:
        return ""
    return f"the server tells the size of {listed:,} of {tables:,} tables: of those that were opened since it started"


def folded(rows: list[Row], named: int) -> list[tuple[str, int]]:
    """(name, bytes): what is of no table, the `named` largest tables; in sum each schema's others, or all others."""
    tables = sorted((row for row in rows if row["home"]), key=lambda row: -row["size"])
    found = [(str(row["name"]), int(row["size"])) for row in rows if not row["home"]]
    found += [(str(row["name"]), int(row["size"])) for row in tables[:named]]
    rest: dict[str, int] = {}
    for place, row in enumerate(tables):
        home = f"{row['home']}/" if named else "/"
        others = int(row["files"]) - (place < named)
        rest[home] = rest.get(home, 0) + int(row["size"]) * others
    return found + list(rest.items())


async def _condition(context: Context, name: str, alias: str, tables: int) -> str:
    """Whether a row of `alias` is about a table of the list."""

    async def look() -> list[Row]:
        sql = newest(server(context.facts.engine).shortlists[name], context.facts.version)
        if not sql:
            raise Unmeasured("not_in_version", f"{context.facts.engine} {context.facts.version_text} lists no tables")
        return await _plain(context).rows(sql, max_rows=MOST + 1)

    try:
        rows: list[Row] = await context.lanes.once(f"shortlist {name}", look)
    except Denied as failure:
        sentence = f"only with PROCESS can dbmedic tell which of {tables:,} tables to look at without opening each"
        raise Denied(sentence, f"GRANT PROCESS ON *.* TO {context.facts.role}") from failure
    if name == "largest" and (unseen := await unlisted(context)):
        context.better = unseen
    elif len(rows) > MOST:
        context.better = f"only {MOST} of the tables that it may concern were looked at, of {tables:,} in all"
    engine = context.facts.engine
    places = [f"({literal(row['schema'], engine)}, {literal(row['table'], engine)})" for row in rows[:MOST]]
    return f"({alias}.TABLE_SCHEMA, {alias}.TABLE_NAME) in ({', '.join(places)})" if places else "false"
