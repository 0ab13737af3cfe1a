"""MySQL 8 behind the `Engine` port; MariaDB states only where it departs (`mariadb.py`).

URL: `mysql://user:password@host:3306/database?ssl-mode=VERIFY_IDENTITY&ssl-ca=/path/ca.pem`.  `ssl-mode` is DISABLED,
PREFERRED (the default: TLS where the server offers it), REQUIRED, VERIFY_CA or VERIFY_IDENTITY; `ssl-ca`, `ssl-cert`
and `ssl-key` name files; `ssl=true` is REQUIRED, and with `ssl-ca` VERIFY_IDENTITY; `socket=/path` for a socket file.
Which of the two a server is, it says itself: either scheme works for both.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dbmedic.core.errors import StatementFailed, Unmeasured, WriteRefused
from dbmedic.core.values import EngineFacts, Row
from dbmedic.engines import mysql_facts
from dbmedic.engines.mysql_place import Place
from dbmedic.engines.mysql_plan import explainable
from dbmedic.engines.mysql_session import MySession
from dbmedic.engines.pool import STOP_S, Pool
from dbmedic.engines.reads import bound, refused
from dbmedic.engines.secrets import without_secrets
from dbmedic.kit import statements
from dbmedic.kit.statements.text import significant

FACTS_S = 60.0
SYSTEM = {"information_schema", "performance_schema", "mysql", "sys"}
VIEW = """/* dbmedic */
select 1 from information_schema.VIEWS where TABLE_SCHEMA = ? and TABLE_NAME = ?"""


TYPES = """/* dbmedic */
select COLUMN_NAME as name, COLUMN_TYPE as type from information_schema.COLUMNS
where TABLE_SCHEMA = ? and TABLE_NAME = ? limit 2000"""


class MySql:
    """One server and all its databases, over at most two connections."""

    name = "mysql"

    def __init__(self, url: str) -> None:
        """Raises `BadField("url")`; does not connect yet."""
        self._place = Place.of(url)
        self._pool: Pool[MySession] = Pool(lambda _: MySession.open(self._place), account=self._place.account)
        self._facts: tuple[float, EngineFacts] | None = None

    async def facts(self) -> EngineFacts:
        if self._facts is None or self._facts[0] < time.monotonic() - FACTS_S:
            found = await self._pool.use("", mysql_facts.facts, limit_s=15.0)
            self._facts = (time.monotonic(), found)
            self.name = found.engine
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
        text, args = bound(sql, params, "mysql")
        refused(text, "mysql")

        async def work(session: MySession) -> list[Row]:
            await self._refuse_views(session, text, database)
            return await session.rows(text, args, database=database, timeout_s=timeout_s, max_rows=max_rows)

        return without_secrets(await self._pool.use("", work, limit_s=timeout_s + STOP_S), text)

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
        if indexes:
            raise Unmeasured("not_in_version", f"{self.name} cannot plan with an index that is not there")
        if why := statements.why_not_planned(statement, "mysql"):
            raise WriteRefused(statement, why)
        explainable(statement)  # what was cut off needs no look at the catalogue

        async def work(session: MySession) -> list[Row]:
            await self._refuse_views(session, statement, database or schema)
            types = await self._types(session, statement, database or schema) if "?" in statement else {}
            asked = f"explain format=json {explainable(statement, types)}"
            return await session.rows(asked, (), database=database or schema, timeout_s=timeout_s, max_rows=10)

        rows = await self._pool.use("", work, limit_s=timeout_s + STOP_S)
        if not rows:
            raise StatementFailed("the server gave no plan", "")
        plan: dict[str, Any] = msgspec.json.decode(str(next(iter(rows[0].values()))))
        return plan

    async def close(self) -> None:
        await self._pool.close()

    async def _types(self, session: MySession, text: str, database: str | None) -> dict[str, str]:
        """Types of the columns of the statement's tables, by their names in lower case; the first table's of two."""
        found: dict[str, str] = {}
        for one in statements.asks(text, "mysql").tables:
            place = [one.schema or database or self._place.database, one.name]
            rows = await session.rows(TYPES, place, database=None, timeout_s=5.0, max_rows=2000)
            for row in rows:
                found.setdefault(str(row["name"]).lower(), str(row["type"]).lower())
        return found

    async def _refuse_views(self, session: MySession, text: str, database: str | None) -> None:
        """Raises `WriteRefused` for a view of a user: it runs others' functions, with its definer's rights."""
        for schema, name in _may_be_views(text, database or self._place.database):
            # one name at a time: only then does the server look at that one alone
            if await session.rows(VIEW, [schema, name], database=None, timeout_s=5.0, max_rows=1):
                raise WriteRefused(text, f"{schema}.{name} is a user's view: it runs others' functions")


def _may_be_views(text: str, here: str) -> list[tuple[str, str]]:
    """(schema, name) of the tables of users that a statement reads; of all its names where it could not be parsed."""
    found, asked = significant(text, "mysql"), statements.asks(text, "mysql")
    if not found or found[0].text.lower() == "show":
        return []
    names = {(one.schema or here, one.name) for one in asked.tables}
    if not asked.parsed:
        for at, token in enumerate(found):
            if token.kind in ("word", "name"):
                qualified = at >= 2 and found[at - 1].text == "."
                names.add((found[at - 2].text.strip("`") if qualified else here, token.text.strip("`")))
    return sorted((schema, name) for schema, name in names if schema.lower() not in SYSTEM)
