"""A client that asks and does not read: it is named with what the server hoards for it, and the fix ends it."""

from __future__ import annotations

import socket

import anyio

from checks.proving import heard
from dbmedic.core.values import Instance
from fix_servers import Server

ASKED = 30


async def test_a_client_that_does_not_read_is_named_and_ended_by_the_fix(redis: Server) -> None:
    redis.run("EVAL \"redis.call('set', 'page', string.rep('x', 1000000))\" 0")
    instance, limits = Instance(id="under-test", url=redis.url), {"rd-clients": {"buffer_most": 5_000_000}}
    host, _, port = redis.url.removeprefix("redis://").removesuffix("/0").partition(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((host, int(port)))
        slow.sendall(b"GET page\r\n" * ASKED)
        await anyio.sleep(0.2)
        said = await heard(["rd-clients"], instance, thresholds=limits, window_s=0.2)
        [finding] = [one for one in said.findings if one.object != "all clients"]
        address, there = slow.getsockname()
        assert finding.object == f"{address}:{there}"
        assert said.measures[finding.measure].values["buffer"] > 5_000_000
        assert finding.fix is not None
        redis.run(finding.fix.statement)
        assert (await heard(["rd-clients"], instance, thresholds=limits, window_s=0.2)).findings == []
