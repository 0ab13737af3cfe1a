"""A small Prometheus over real HTTP: holds series and answers the kinds of query that dbmedic asks.

Answers are shaped as Prometheus 2.42 gives them.  Rates are what the series hold: a counter's value is its rate.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Labels = dict[str, str]

SELECTOR = re.compile(r'([a-zA-Z_:]+)\{((?:"(?:[^"\\]|\\.)*"|[^"}])*)\}')
MATCHER = re.compile(r'([a-zA-Z_]+)(=~|!~|=|!=)"((?:[^"\\]|\\.)*)"')


def node(instance: str, *volumes: tuple[str, int, int, int], busy: float = 0.25, cores: int = 4) -> list[Any]:
    """The series of one node_exporter.  A volume is (mount point, size, free, available to others than root)."""
    label = {"instance": instance, "job": "node"}
    found: list[tuple[str, Labels, float]] = [("node_uname_info", {**label, "nodename": "db"}, 1)]
    for number, (mountpoint, size, free, avail) in enumerate(volumes):
        disk = {**label, "mountpoint": mountpoint, "fstype": "ext4", "device": f"/dev/vd{'abcdef'[number]}"}
        found += [
            ("node_filesystem_size_bytes", disk, size),
            ("node_filesystem_free_bytes", disk, free),
            ("node_filesystem_avail_bytes", disk, avail),
        ]
    memory = {**label, "mountpoint": "/run", "fstype": "tmpfs", "device": "tmpfs"}
    found += [(f"node_filesystem_{part}_bytes", memory, 10) for part in ("size", "free", "avail")]
    for cpu in map(str, range(cores)):
        for mode, share in (("user", busy), ("iowait", 0.1), ("idle", 0.9 - busy)):
            found.append(("node_cpu_seconds_total", {**label, "cpu": cpu, "mode": mode}, share))
    for name, value in {
        "node_memory_MemTotal_bytes": 16 << 30,
        "node_memory_MemAvailable_bytes": 4 << 30,
        "node_memory_SwapTotal_bytes": 2 << 30,
        "node_memory_SwapFree_bytes": 1 << 30,
        "node_vmstat_pswpin": 25,
    }.items():
        found.append((name, label, value))
    return found


class Answers:
    """What the server holds and how it behaves; both may be changed while it runs."""

    def __init__(self, series: Iterable[tuple[str, Labels, float]]) -> None:
        self.series = list(series)
        self.queries: list[str] = []
        self.account = ""
        """"user:password" that must sign in."""
        self.delay_s = 0.0
        self.body: bytes | None = None
        """Said instead of an answer."""
        self.url = ""

    async def query(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay_s)
        wanted = "Basic " + base64.b64encode(self.account.encode()).decode()
        if self.account and request.headers.get("Authorization") != wanted:
            return web.Response(status=401, text="Unauthorized\n")
        if self.body is not None:
            return web.Response(body=self.body, content_type="text/html")
        query = request.query["query"]
        self.queries.append(query)
        if "-" in "".join(name for _, inner in SELECTOR.findall(query) for name in re.split(r'=?~?"[^"]*",?', inner)):
            error = {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected character '-'"}
            return web.json_response(error, status=400)
        result = [{"metric": labels, "value": [1795258911.9, str(value)]} for labels, value in self._of(query)]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})

    def _of(self, query: str) -> list[tuple[Labels, float]]:
        parts = [self._matching(*found) for found in SELECTOR.findall(query)]
        values = [[value for _, value in part] for part in parts]
        if query.startswith("group by"):
            return [({"instance": name}, 1) for name in sorted({labels["instance"] for labels, _ in parts[0]})]
        if query.startswith("1 - sum"):
            return [({}, 1 - sum(values[0]) / sum(values[1]))] if values[1] else []
        if query.startswith("count"):
            return [({}, len(values[0]))] if values[0] else []
        if query.startswith("sum"):
            return [({}, sum(values[0]))] if values[0] else []
        if query.startswith("rate"):
            return [(labels, value * int(query.rpartition(" ")[2])) for labels, value in parts[0]]
        return [({"__name__": SELECTOR.findall(query)[0][0], **labels}, value) for labels, value in parts[0]]

    def _matching(self, name: str, matchers: str) -> list[tuple[Labels, float]]:
        def fits(labels: Labels) -> bool:
            for label, how, wanted in MATCHER.findall(matchers):
                same = labels.get(label, "") == wanted
                if "~" in how:
                    same = re.fullmatch(wanted, labels.get(label, "")) is not None
                if same is how.startswith("!"):
                    return False
            return True

        return [(labels, value) for known, labels, value in self.series if known == name and fits(labels)]


@asynccontextmanager
async def answering(*series: tuple[str, Labels, float]) -> AsyncIterator[Answers]:
    answers = Answers(series)
    app = web.Application()
    app.router.add_get("/api/v1/query", answers.query)
    app.router.add_get("/behind/a/proxy/api/v1/query", answers.query)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    answers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield answers
    finally:
        await runner.cleanup()
