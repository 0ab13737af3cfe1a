"""PostgreSQL 13 to 18 behind the `Engine` port.

URL: `postgresql://user:password@host:port/database?sslmode=verify-full&sslrootcert=/path/ca.pem`, with all that libpq
understands (`sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `hostaddr`, several hosts, a socket folder as host …).
Give the server's own address, not a transaction-pooling proxy's: session settings must hold.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from dbmedic.core.errors import StatementFailed, WriteRefused
from dbmedic.core.values import EngineFacts, Row
from dbmedic.engines import postgres_facts
from dbmedic.engines.pool import STOP_S, Pool
from dbmedic.engines.postgres_imagined import imagined
from dbmedic.engines.postgres_names import Names
from dbmedic.engines.postgres_plan import STANDINS, UNTYPED, script
from dbmedic.engines.postgres_session import PgSession, Place
from dbmedic.engines.reads import bound, refused
from dbmedic.engines.secrets import without_secrets
from dbmedic.kit import statements
from dbmedic.kit.statements import Reading, Relation

FACTS_S = 60.0
LOG = """/* dbmedic */
select pg_read_binary_file(current_setting('log_directory') || '/' || name, $2::bigint, $3::bigint) as part
from pg_ls_logdir() where name = $1"""


class Postgres:
    """One server, by the database of its URL and, where asked, its other databases."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        """Raises `BadField("url")`; does not connect yet."""
        self._place = Place(url)
        self._pool: Pool[PgSession] = Pool(
            lambda database: PgSession.open(self._place, database), account=self._place.account
        )
        self._names: dict[str, Names] = {}
        self._facts: tuple[float, EngineFacts] | None = None

    async def facts(self) -> EngineFacts:
        if self._facts is None or self._facts[0] < time.monotonic() - FACTS_S:
            found = await self._pool.use(self._place.database, postgres_facts.facts, limit_s=15.0)
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
        database: str | None = None,
    ) -> list[Row]:
        text, args = bound(sql, params, "postgres")
        reading = refused(text, "postgres")
        place = database or self._place.database

        async def work(session: PgSession) -> list[Row]:
            names = await self._names_of(session, reading)
            checked = await names.placed(session, text, reading)
            return await session.rows(checked, args, reading, timeout_s=timeout_s, max_rows=max_rows)

        return without_secrets(await self._pool.use(place, work, limit_s=timeout_s + STOP_S), text)

    async def plan(
        self,
        statement: str,
        /,
        *,
        database: str | None = None,
        schema: str | None = None,
        timeout_s: float = 5.0,
        indexes: Sequence[str] = (),
    ) -> dict[str, Any]:
        if why := statements.why_not_planned(statement, "postgres"):
            raise WriteRefused(statement, why)
        for index in indexes:
            if why := statements.why_not_imagined(index):
                raise WriteRefused(index, why)
        found = statements.reading(statement, "postgres")
        own = [Relation(one.schema or schema or "public", one.name) for one in found.relations]
        reading = Reading(found.kind, None, tuple(own), ())

        async def work(session: PgSession) -> dict[str, Any]:
            if not indexes:
                return await planned(session, ())
            imagine, forget = await imagined(session, indexes)
            try:
                return await planned(session, imagine)
            finally:
                if session.usable:
                    await session.run(forget, Reading("read", None), timeout_s=timeout_s)

        async def planned(session: PgSession, imagine: Sequence[str]) -> dict[str, Any]:
            failure: StatementFailed | None = None
            for standin in STANDINS:
                asked = script(statement, version=session.version, schema=schema, standin=standin, imagine=imagine)
                try:
                    rows = await session.run(asked, reading, timeout_s=timeout_s)
                except StatementFailed as error:
                    if error.sqlstate not in UNTYPED or "$" not in statement:
                        raise
                    failure = failure or error
                else:
                    plan: dict[str, Any] = rows[0][0][0]
                    return plan
            raise StatementFailed(
                f"no plan without values: the type of a placeholder cannot be told ({failure})", "42P18"
            )

        return await self._pool.use(database or self._place.database, work, limit_s=timeout_s + STOP_S)

    async def log_bytes(self, name: str, offset: int, length: int, /) -> bytes:
        """Part of a file of the server's log folder, by its name alone; empty where there is no such file.

        The one statement here that opens a file: no question and no tool can name another.  Raises as `rows`.
        """

        async def work(session: PgSession) -> list[Row]:
            reading = Reading("read", None)
            return await session.rows(LOG, [name, offset, length], reading, timeout_s=5.0, max_rows=1)

        rows = await self._pool.use(self._place.database, work, limit_s=5.0 + STOP_S)
        return bytes.fromhex(rows[0]["part"].removeprefix("\\x")) if rows else b""

    async def close(self) -> None:
        await self._pool.close()

    async def _names_of(self, session: PgSession, reading: Reading) -> Names:
        """Which names belong to extensions in the session's database; looked up at most once a minute."""
        known = self._names.get(session.database)
        if known is None or known.read_at < time.monotonic() - FACTS_S:
            known = self._names[session.database] = Names(time.monotonic())
        await known.read(session, reading)
        return known
