"""A Prometheus server that watches the database's host (node_exporter) or the database (postgres_exporter,
mysqld_exporter).

`--metrics http://user:pw@prometheus:9090/?instance=db1:9100&mountpoint=/data`: every parameter but `mountpoint` is a
label that the host's series carry.  Without `instance` the host of the database's own URL is looked for among the hosts
that Prometheus knows.  https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from dbmedic.core.errors import OutsideFailed, Unmeasured
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance, Row
from dbmedic.metrics import promql
from dbmedic.metrics.promql import Series

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_S = 5.0
MAX_BYTES = 8 << 20


class Server(NamedTuple):
    """What a metrics URL names."""

    api: str
    place: str
    """For sentences: no password in it."""
    labels: dict[str, str]
    mountpoint: str | None


class Prometheus:
    """The `MetricSource` of `instance add … --metrics URL`."""

    name = "prometheus"

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        """See `MetricSource.rows`; disk adds free and, where the mount point says so, only the database's volume."""
        if instance.metrics_url is None:
            raise Unmeasured("no_host_source", f"no Prometheus server is registered for {instance.id}")
        server = server_of(instance.metrics_url)
        if what == "disk":
            return await self._disk(server, instance, engine)
        if what not in ("cpu", "memory"):
            raise Unmeasured("no_host_source", f"Prometheus is asked for disk, cpu and memory, not {what}")
        labels = await self._labels(server, instance)
        row = promql.rows(await self._ask(server, promql.queries(what, labels)), what)
        if row is None:
            raise _silent(server, what, labels)
        return [row | {"source": _source(labels)}]

    async def close(self) -> None:
        """Ends the connections; may be called twice."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _disk(self, server: Server, instance: Instance, engine: Engine) -> list[Row]:
        """The volumes of node_exporter; else what the database's exporter counts, of the allocated size."""
        try:
            labels = await self._labels(server, instance)
            volumes = promql.volumes(await self._ask(server, promql.queries("disk", labels)))
            if not volumes:
                raise _silent(server, "disk", labels)
        except Unmeasured:
            sized = await self._sized(server, instance, engine)
            if not sized:
                raise
            return sized
        if server.mountpoint is None:
            volumes = holding(volumes, await _data_directory(engine))
        elif not (chosen := [row for row in volumes if row["volume"] == server.mountpoint]):
            known = ", ".join(str(row["volume"]) for row in volumes)
            raise Unmeasured(
                "no_host_source", f"{server.place} knows no mount point {server.mountpoint}; it knows {known}"
            )
        else:
            volumes = chosen
        return [row | {"source": _source(labels)} for row in volumes]

    async def _sized(self, server: Server, instance: Instance, engine: Engine) -> list[Row]:
        """Sizes of the databases as their exporter saw them, when a total is known; else no row."""
        facts = await engine.facts()
        series = promql.EXPORTED.get(facts.engine)
        if instance.storage_bytes is None or series is None:
            return []
        try:
            labels = await self._labels(server, instance, series)
            found = await self._ask(server, promql.queries(f"size of {facts.engine}", labels))
        except Unmeasured:
            return []
        used, total = int(sum(one.value for one in found["used"])), instance.storage_bytes
        row: Row = {
            "volume": "allocated storage",
            "used": used,
            "total": total,
            "free": max(0, total - used),
            "ratio": used / total,
            "source": _source(labels),
        }
        return [row] if used else []

    async def _labels(self, server: Server, instance: Instance, series: str = promql.HOSTS) -> dict[str, str]:
        """The labels that pick one host's series.  Raises `Unmeasured` when several may be meant."""
        if "instance" in server.labels:
            return server.labels
        asked = {"hosts": f"group by (instance) ({series}{promql.selector(server.labels)})"}
        known = sorted(one.labels.get("instance", "") for one in (await self._ask(server, asked))["hosts"])
        host = urlsplit(instance.url).hostname or ""
        mine = [name for name in known if name.rpartition(":")[0] == host or name == host]
        if not mine and len(known) == 1:
            mine = known
        if len(mine) != 1:
            told = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise Unmeasured(
                "no_host_source",
                f"{server.place} knows {len(known)} hosts ({told or 'none'}) and none of them is {host or 'named'}; "
                "add ?instance=… to the metrics URL",
            )
        return {**server.labels, "instance": mine[0]}

    async def _ask(self, server: Server, queries: dict[str, str]) -> dict[str, Sequence[Series]]:
        """Name -> series of its query, all asked side by side."""
        results = await asyncio.gather(*(self._query(server, query) for query in queries.values()))
        return dict(zip(queries, results, strict=True))

    async def _query(self, server: Server, query: str) -> Sequence[Series]:
        import aiohttp  # takes longer to import than all else here: not before it is needed

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout_s, connect=min(3.0, self._timeout_s))
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._session.get(server.api, params={"query": query}) as response:
                body = await response.content.read(MAX_BYTES)
                while not response.content.at_eof() and len(body) < MAX_BYTES:
                    body += await response.content.read(MAX_BYTES - len(body))
        except TimeoutError:
            raise Unmeasured("timeout", f"{server.place} did not answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError):
            raise Unmeasured("no_host_source", f"{server.place} could not be reached") from None
        if response.status in (401, 403):
            raise Unmeasured("permission", f"{server.place} refused the account of the metrics URL ({response.status})")
        try:
            return promql.series(body)
        except (msgspec.DecodeError, ValueError) as problem:
            said = str(problem)[:200]
            raise Unmeasured("no_host_source", f"{server.place} answered {response.status}: {said}") from None


def server_of(url: str) -> Server:
    """The parts of a metrics URL."""
    given = urlsplit(url)
    labels = dict(parse_qsl(given.query))
    mountpoint = labels.pop("mountpoint", None)
    path = given.path.rstrip("/")
    path = path if path.endswith("/api/v1") else f"{path}/api/v1"
    port = given.port or (443 if given.scheme == "https" else 80)
    api = given._replace(path=f"{path}/query", query="", fragment="").geturl()
    return Server(api, f"Prometheus at {given.hostname}:{port}", labels, mountpoint)


def _source(labels: Mapping[str, str]) -> str:
    """Says whose numbers these are: "prometheus db1:9100"."""
    return " ".join(["prometheus", labels.get("instance", "")]).strip()


def _silent(server: Server, what: str, labels: Mapping[str, str]) -> Unmeasured:
    return Unmeasured(
        "no_host_source", f"{server.place} has no {what} of {promql.selector(labels)} in the last five minutes"
    )


def holding(volumes: Sequence[Row], folder: str | None) -> list[Row]:
    """The volume that a folder lies on, by the longest mount point above it; all when the folder is not known."""
    if folder is None:
        return list(volumes)
    above = {str(folder), *map(str, PurePosixPath(folder).parents)}
    under = [row for row in volumes if row["volume"] in above]
    return [max(under, key=lambda row: len(str(row["volume"])))] if under else list(volumes)


async def _data_directory(engine: Engine) -> str | None:
    try:
        return (await engine.facts()).data_directory
    except OutsideFailed:
        return None
