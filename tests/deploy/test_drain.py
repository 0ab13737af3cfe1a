"""SIGTERM, as systemd, Docker and Kubernetes send it: streams finish, nothing new begins, and the exit code is 0."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clients.running import Server
from clients.test_dify_client import client_of, events
from models.script import Wait, end, playing, text

SLOW = [*text("Begun"), Wait(2), *text(" and done."), *end()]


async def test_a_server_that_is_told_to_end_drains(tmp_path: Path) -> None:
    async with playing(SLOW) as script:
        with Server(tmp_path, model_url=script.url, model="script") as server:
            await asyncio.to_thread(_drained, server)


def _drained(server: Server) -> None:
    key = server.key()
    kept = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)  # as a balancer keeps them
    assert asked(kept, "GET", "/health")[0] == 200
    assert asked(kept, "GET", "/ready")[0] == 200
    stream = events(client_of(server, key).create_chat_message({}, "Drain", "u1", "streaming"))
    heard = [next(stream)]
    while heard[-1]["event"] != "message":
        heard.append(next(stream))
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    until = time.monotonic() + 10
    while (ready := asked(kept, "GET", "/ready"))[0] == 200:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert (ready[0], ready[2]["turns"]) == (503, "no new ones are taken: the server ends")
    assert asked(kept, "GET", "/health")[0] == 200
    question = {"query": "Another", "inputs": {}, "user": "u1", "response_mode": "blocking"}
    status, headers, body = asked(kept, "POST", "/v1/chat-messages", question, key)
    assert status in (429, 503), body
    assert int(headers["retry-after"]) > 0
    assert "shutting down" in body["message"]
    heard += stream
    assert "".join(event["answer"] for event in heard if event["event"] == "message") == "Begun and done."
    assert heard[-1]["data"]["status"] == "succeeded"
    assert server.process.wait(20) == 0
    kept.close()


def asked(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, key: str = ""
) -> tuple[int, dict[str, str], Any]:
    """Status, headers in lower case, and the JSON of an answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())
