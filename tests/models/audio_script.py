"""An OpenAI-compatible audio service over real HTTP: writes down what it is told to, speaks in two pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

MP3 = b"ID3\x04\x00" + bytes(range(256)) * 40


class AudioScript:
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuses: tuple[int, dict[str, Any]] | None = None
        self.url = ""

    async def transcriptions(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        found = {"model": form["model"], "name": file.filename, "mime": file.content_type, "bytes": file.file.read()}
        self.asked.append(("transcriptions", found | {"key": request.headers.get("Authorization", "")}))
        return self._refused() or web.json_response({"text": "磁盘满了吗?"})

    async def speech(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(("speech", await request.json()))
        if refused := self._refused():
            return refused
        answer = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        await answer.prepare(request)
        for piece in (MP3[:100], MP3[100:]):
            await answer.write(piece)
            await asyncio.sleep(0.01)
        return answer

    def _refused(self) -> web.Response | None:
        return None if self.refuses is None else web.json_response(self.refuses[1], status=self.refuses[0])


@asynccontextmanager
async def speaking() -> AsyncIterator[AudioScript]:
    script = AudioScript()
    app = web.Application()
    app.router.add_post("/v1/audio/transcriptions", script.transcriptions)
    app.router.add_post("/v1/audio/speech", script.speech)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield script
    finally:
        await runner.cleanup()
