"""Redis and Valkey behind the `Engine` port: their replies as tables, asked in SQL.

URL: `redis://user:password@host:6379/0`, `rediss://…` with TLS (`?ssl_ca_certs=` names a file), the same as `valkey://`
and `valkeys://`, and `unix:///path/to/socket?db=0`.  A statement is a SELECT over the tables of `redis_tables.py`; what
it names is fetched by commands that read, and the SELECT runs here, so no text can do more than choose among them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio.to_thread

from dbmedic.core.errors import BadField, Denied, Failure, StatementFailed
from dbmedic.core.values import EngineFacts, Row
from dbmedic.engines.limits import Cut
from dbmedic.engines.pool import STOP_S, Pool
from dbmedic.engines.reads import bound, refused
from dbmedic.engines.redis_session import Place, RedisSession
from dbmedic.engines.redis_sql import answer, tables_in
from dbmedic.engines.redis_tables import CONFIG, fields, numbered
from dbmedic.engines.redis_watch import fetched
from dbmedic.engines.thishost import loopback, title_of

FACTS_S = 60.0
_SETTINGS = tuple(("CONFIG", "GET", name) for name in CONFIG)
SEES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("config|get", ("CONFIG", "GET", "maxmemory")),
    ("slowlog|get", ("SLOWLOG", "GET", "0")),
    ("latency|latest", ("LATENCY", "LATEST")),
    ("client|list", ("CLIENT", "LIST", "TYPE", "master")),
    ("acl|list", ("ACL", "LIST")),
    ("scan", ("SCAN", "0", "COUNT", "1")),
    ("type", ("TYPE", "dbmedic")),
    ("memory|usage", ("MEMORY", "USAGE", "dbmedic")),
)
"""What an account may or may not do, and a command that shows it at no cost."""


class Redis:
    """One server, or one node of a cluster."""

    name = "redis"

    def __init__(self, url: str) -> None:
        """Raises `BadField("url")`; does not connect yet."""
        try:
            self._place = Place.of(url)
        except ValueError as error:
            raise BadField("url", str(error)) from None
        self._pool: Pool[RedisSession] = Pool(lambda _: RedisSession.open(self._place))
        self._facts: tuple[float, EngineFacts] | None = None

    async def facts(self) -> EngineFacts:
        if self._facts is None or self._facts[0] < time.monotonic() - FACTS_S:
            found = await self._pool.use("", self._read_facts, limit_s=5.0)
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
        database: str | None = None,  # noqa: ARG002 - the URL says which database keys are scanned in
    ) -> list[Row]:
        text, args = bound(sql, params, "sqlite")
        refused(text, "sqlite")
        wanted, until = tables_in(text), time.monotonic() + timeout_s

        async def work(session: RedisSession) -> dict[str, list[Row]]:
            return {name: await fetched(name, session, until) for name in wanted}

        tables = await self._pool.use("", work, limit_s=timeout_s + STOP_S)
        left_s = max(0.5, until - time.monotonic())
        return await anyio.to_thread.run_sync(lambda: answer(text, args, tables, Cut(max_rows), left_s))

    async def plan(
        self,
        statement: str,  # noqa: ARG002 - there is nothing to plan
        /,
        *,
        database: str | None = None,  # noqa: ARG002
        schema: str | None = None,  # noqa: ARG002
        timeout_s: float = 5.0,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Always raises `StatementFailed`: the server has commands and no planner."""
        raise StatementFailed("Redis has no planner: a command does what it says", "")

    async def close(self) -> None:
        await self._pool.close()

    async def _read_facts(self, session: RedisSession) -> EngineFacts:
        """All in one round trip: a server that is busy lets each of them wait."""
        commands = (("INFO",), ("TIME",), ("ACL", "WHOAMI"))
        first, *rest = await session.tried(*commands, *_SETTINGS, *(command for _, command in SEES))
        if isinstance(first, Failure):
            raise first
        clock, role, *rest = rest
        settings = {str(one[0]): str(one[1]) for one in rest[: len(CONFIG)] if not isinstance(one, Failure) and one}
        info = fields(str(first))
        kind = "Valkey" if "valkey_version" in info else "Redis"
        text = info[f"{kind.lower()}_version"]
        now = datetime.now(UTC)
        if not isinstance(clock, Failure):
            now = datetime.fromtimestamp(int(clock[0]) + int(clock[1]) / 1e6, UTC)
        up = numbered(info.get("uptime_in_seconds"))
        return EngineFacts(
            engine="redis",
            version=tuple(int(part) for part in text.split(".") if part.isdigit()),
            version_text=f"{kind} {text}",
            database=str(self._place.db),
            role=(self._place.username or "default") if isinstance(role, Failure) else str(role),
            standby=info.get("role") == "slave",
            started_at=now - timedelta(seconds=up) if isinstance(up, int) else None,
            server_time=now,
            privileges=frozenset(
                name
                for (name, _), reply in zip(SEES, rest[len(CONFIG) :], strict=True)
                if not isinstance(reply, Denied | StatementFailed)
            ),
            settings=settings,
            data_directory=settings.get("dir") or None,
            local=loopback(self._place.host) and await _is_here(int(info.get("process_id") or 0)),
        )


async def _is_here(pid: int) -> bool:
    title = await title_of(pid) if pid else None
    return title is not None and ("redis" in title or "valkey" in title)
