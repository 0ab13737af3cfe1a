"""An embedding and a rerank service over real HTTP that know a few words: those of one line mean the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

SAME = (
    ("car", "automobile", "vehicle", "汽车"),
    ("disk", "storage", "volume", "磁盘"),
    ("crash", "outage", "failure", "故障"),
    ("slow", "latency", "lag", "慢"),
)


class Service:
    """`asked` holds every text of every request for vectors; `status` is what it answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.url = ""
        self.size = 64

    async def embeddings(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.status != 200:
            return web.json_response({"error": {"message": "no more"}}, status=self.status)
        self.asked += body["input"]
        data = [{"index": place, "embedding": self._vector(text)} for place, text in enumerate(body["input"])]
        return web.json_response({"data": list(reversed(data)), "model": body["model"]})

    async def rerank(self, request: web.Request) -> web.Response:
        """The shorter a text the better, as logits."""
        body: dict[str, Any] = await request.json()
        results = [
            {"index": place, "relevance_score": 10.0 - len(text) / 10} for place, text in enumerate(body["documents"])
        ]
        return web.json_response({"results": results}, status=self.status)

    def _vector(self, text: str) -> list[float]:
        vector = [-0.01] * self.size
        for line, words in enumerate(SAME):
            for word in words:
                if word in text.lower():
                    for place in range(line * 16, line * 16 + 16):
                        vector[place] += 1.0
        return vector


@asynccontextmanager
async def meaning() -> AsyncIterator[Service]:
    service, app = Service(), web.Application()
    app.router.add_post("/v1/embeddings", service.embeddings)
    app.router.add_post("/v1/rerank", service.rerank)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    service.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield service
    finally:
        await runner.cleanup()
