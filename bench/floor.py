"""The floor: a bare aiohttp proxy that passes a stream through and does nothing else.  `floor.py PORT UPSTREAM_URL`"""

from __future__ import annotations

import sys

import uvloop
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web


async def app(upstream: str) -> web.Application:
    session = ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None))

    async def through(request: web.Request) -> web.StreamResponse:
        async with session.post(
            upstream, data=await request.read(), headers={"Content-Type": "application/json"}
        ) as said:
            answer = web.StreamResponse(status=said.status, headers={"Content-Type": said.headers["Content-Type"]})
            await answer.prepare(request)
            async for data in said.content.iter_any():
                await answer.write(data)
            await answer.write_eof()
            return answer

    made = web.Application()
    made.router.add_post("/v1/chat/completions", through)
    return made


if __name__ == "__main__":
    uvloop.install()
    web.run_app(app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
