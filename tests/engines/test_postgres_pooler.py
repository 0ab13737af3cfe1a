"""Something between us and the server that drops session settings, as some poolers do, is noticed and refused."""

from __future__ import annotations

import struct
from urllib.parse import urlsplit

import anyio
import anyio.abc
import pytest

from dbmedic.core.errors import Unreachable
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from fix_servers import Database


async def forgetful(client: anyio.abc.SocketStream, port: int) -> None:
    """Hands everything on but the `options` of the connection request."""
    async with client, await anyio.connect_tcp("127.0.0.1", port) as server:
        request = await client.receive()
        if struct.unpack("!ii", request[:8])[1] == 196608:
            words = request[8:].split(b"\0")
            pairs = [(name, value) for name, value in zip(words[::2], words[1::2], strict=False) if name]
            kept = b"".join(name + b"\0" + value + b"\0" for name, value in pairs if name != b"options") + b"\0"
            request = struct.pack("!ii", len(kept) + 8, 196608) + kept
        await server.send(request)

        async def pump(source: anyio.abc.SocketStream, target: anyio.abc.SocketStream) -> None:
            try:
                async for data in source:
                    await target.send(data)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass
            finally:
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pump, client, server)
            tasks.start_soon(pump, server, client)


async def test_a_pooler_that_forgets_settings_is_refused(postgres: Database) -> None:
    parts = urlsplit(postgres.url)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    url = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()
    engine = open_engine(Instance(id="x", url=f"{url}?sslmode=disable"))

    async def serve(client: anyio.abc.SocketStream) -> None:
        await forgetful(client, parts.port or 5432)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        with pytest.raises(Unreachable, match="drops session settings"):
            await engine.rows("select 1")
        await engine.close()
        tasks.cancel_scope.cancel()
