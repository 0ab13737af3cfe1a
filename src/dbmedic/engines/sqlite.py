"""SQLite 3 behind the `Engine` port, by apsw in a worker thread.

URL: `sqlite:///relative.db`, `sqlite:////absolute/path.db`.  The file is opened with `mode=ro`, never
`immutable`: it may be live.  One SQLite library per process and file (apsw alone): two undo each other's file locks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import apsw

from dbmedic.core.errors import BadField, LockBlocked, StatementFailed, Unmeasured, WriteRefused
from dbmedic.core.values import EngineFacts, Row
from dbmedic.engines.pool import STOP_S, Pool
from dbmedic.engines.reads import bound, refused
from dbmedic.engines.sqlite_session import LiteSession
from dbmedic.kit import statements
from dbmedic.kit.statements.text import tokens

FACTS_S = 60.0
SETTINGS = (
    "journal_mode", "page_size", "page_count", "freelist_count", "encoding", "auto_vacuum", "user_version",
    "application_id", "schema_version",
)  # fmt: skip
"""Pragmas that describe the file, not our connection."""


class Sqlite:
    """One database file."""

    name = "sqlite"

    def __init__(self, url: str) -> None:
        """Raises `BadField("url")`; does not open the file yet."""
        parts = urlsplit(url)
        path = unquote(parts.path)[1:] if parts.path.startswith("/") else unquote(parts.path)
        if not path or parts.netloc or parts.query:
            raise BadField("url", "sqlite:///file.db is relative, sqlite:////path/file.db absolute; nothing else fits")
        self._path = Path(path)
        self._pool: Pool[LiteSession] = Pool(lambda _: LiteSession.open(self._path))
        self._facts: tuple[float, EngineFacts] | None = None

    async def facts(self) -> EngineFacts:
        if self._facts is None or self._facts[0] < time.monotonic() - FACTS_S:
            try:
                found = await self._pool.use("", self._read_facts, limit_s=15.0)
            except LockBlocked:
                return self._known({}, 0)  # what can be said of a file that a writer keeps closed; not kept
            self._facts = (time.monotonic(), found)
        return self._facts[1]

    async def rows(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout_s: float = 5.0,
        max_rows: int = 1000,
        database: str | None = None,  # noqa: ARG002 - the file is the database, whatever it is called
    ) -> list[Row]:
        text, args = bound(sql, params, "sqlite")
        refused(text, "sqlite")
        return await self._run(text, args, timeout_s, max_rows)

    async def plan(
        self,
        statement: str,
        /,
        *,
        database: str | None = None,  # noqa: ARG002 - the file is the database
        schema: str | None = None,  # noqa: ARG002 - nor are there schemas
        timeout_s: float = 5.0,
        indexes: Sequence[str] = (),
    ) -> dict[str, Any]:
        """`{"plan": rows of EXPLAIN QUERY PLAN}`: id, parent, detail."""
        if indexes:
            raise Unmeasured("not_in_version", "SQLite cannot plan with an index that is not there")
        if why := statements.why_not_planned(statement, "sqlite"):
            raise WriteRefused(statement, why)
        found = list(tokens(statement, "sqlite"))
        text = "".join("?" if token.kind == "param" else token.text for token in found)
        unknown = [None] * sum(token.kind == "param" for token in found)
        rows = await self._run(f"explain query plan {text}", unknown, timeout_s, 1000, planning=True)
        return {"plan": [{name: row[name] for name in ("id", "parent", "detail")} for row in rows]}

    async def close(self) -> None:
        await self._pool.close()

    async def _run(
        self, text: str, args: list[Any], timeout_s: float, max_rows: int, *, planning: bool = False
    ) -> list[Row]:
        async def work(session: LiteSession) -> list[Row]:
            return await session.rows(text, args, timeout_s=timeout_s, max_rows=max_rows, planning=planning)

        return await self._pool.use("", work, limit_s=timeout_s + STOP_S)

    async def _read_facts(self, session: LiteSession) -> EngineFacts:
        async def one(sql: str) -> Any:
            rows = await session.rows(sql, [], timeout_s=2.0, max_rows=1)
            return next(iter(rows[0].values())) if rows else None

        settings = {name: str(await one(f"pragma {name}")) for name in SETTINGS}
        if settings["encoding"] == "None":
            raise StatementFailed(f"{self._path} is not a database", "")
        return self._known(settings, int(await one("select count(*) from sqlite_schema")))

    def _known(self, settings: dict[str, str], relations: int) -> EngineFacts:
        version = apsw.sqlite_lib_version()
        return EngineFacts(
            engine="sqlite",
            version=tuple(int(part) for part in version.split(".")),
            version_text=f"SQLite {version}",
            database=self._path.name,
            role="",
            settings=settings,
            databases=(self._path.name,),
            relation_count=relations,
            data_directory=str(self._path.absolute().parent),
            local=True,
        )
