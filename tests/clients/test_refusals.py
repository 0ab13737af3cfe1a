"""A question that is refused, in every protocol: its status, its code, when to come back, and what is never refused."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from agent.playing import Script
from api.serving import served
from dbmedic import app
from dbmedic.assistant.rates import Rates
from dbmedic.config import Config
from dbmedic.core.values import Caller, Text

SHORT = "its event loop is 0.9 s late, at most 0.5 s is in time"
TALK = [{"role": "user", "content": "why?"}]
RUN = {"threadId": "t", "runId": "r", "messages": [{"id": "m", **TALK[0]}], "tools": [], "context": [], "state": {}}
TOOL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "why?"}}}
DIFY = {"query": "why?", "inputs": {}, "user": "ann"}


class Says(NamedTuple):
    """Status and code of each refusal."""

    overloaded: tuple[int, str]
    too_often: tuple[int, str]
    busy: tuple[int, str]


class Way(NamedTuple):
    """How one API is asked a question, and how it says no."""

    path: str
    says: Says
    body: dict[str, Any] | None = None
    accept: str = "application/json"


IN_DIFY = Says((503, "service_unavailable"), (429, "rate_limit_error"), (429, "too_many_requests"))
IN_OPENAI = Says((503, "overloaded"), (429, "rate_limit_exceeded"), (429, "rate_limit_exceeded"))
IN_OURS = Says((503, "overloaded"), (429, "too_often"), (429, "busy"))
IN_MCP = Says((200, "overloaded"), (200, "too_often"), (200, "busy"))
IN_RDS = Says((503, "ServiceUnavailable"), (429, "Throttling.User"), (429, "TooManyRequests"))
IN_AGENTS = Says((503, "ServiceUnavailable"), (429, "Throttling.User"), (429, "Throttling.UserConcurrentLimit"))
WAYS = {
    "dify blocking": Way("/v1/chat-messages", IN_DIFY, DIFY),
    "dify streaming": Way("/v1/chat-messages", IN_DIFY, {**DIFY, "response_mode": "streaming"}),
    "openai completions": Way("/v1/chat/completions", IN_OPENAI, {"model": "dbmedic", "messages": TALK}),
    "openai stream": Way("/v1/chat/completions", IN_OPENAI, {"model": "dbmedic", "messages": TALK, "stream": True}),
    "openai responses": Way("/v1/responses", IN_OPENAI, {"model": "dbmedic", "input": "why?"}),
    "ag-ui": Way("/agui", IN_OURS, RUN),
    "mcp": Way("/mcp", IN_MCP, TOOL, "application/json, text/event-stream"),
} | {
    f"{name} {form}": Way(f"/?Action={action}&Version={version}&Query=why%3F", says, None, accept)
    for name, says, action, version in (
        ("rdsai", IN_RDS, "ChatMessages", "2025-05-07"),
        ("polardb", IN_AGENTS, "GetPolarAgent", "2017-08-01"),
        ("das", IN_AGENTS, "GetYaoChiAgent", "2020-01-16"),
    )
    for form, accept in (("json", "application/json"), ("sse", "text/event-stream"))
}
each = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


class Heard(NamedTuple):
    status: int
    code: str
    text: str
    headers: dict[str, str]


class Desk(NamedTuple):
    parts: app.Parts
    url: str
    http: aiohttp.ClientSession
    secret: str
    callers: tuple[Caller, Caller]
    """Of a signed call, and of an app's key."""

    async def ask(self, way: Way) -> Heard:
        bearer = {"authorization": f"Bearer {self.secret}"} if way.body is not None else {}
        async with self.http.post(
            self.url + way.path, headers={"accept": way.accept, **bearer}, json=way.body
        ) as response:
            said = await response.text()
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = json.loads(said) if response.content_type == "application/json" else {}
        error = body.get("error", body)
        code = error.get("data", error).get("code") or error.get("Code") or ""
        return Heard(response.status, str(code), said, headers)

    def caller(self, way: Way) -> Caller:
        return self.callers[way.body is not None]


@pytest.fixture(scope="module")
async def desk() -> AsyncIterator[Desk]:
    parts = await app.build(Config(data=None, max_turns=1, wait_s=0), models={"script": Script([Text("Fine.")])})
    here = parts.assistant
    signed = await here.access_keys.create(user="ann")
    here = here._replace(options=msgspec.structs.replace(here.options, unsigned_as=signed.access_key_id))
    parts = parts._replace(assistant=here)
    secret = (await here.keys.create(app="ops")).secret
    found = await here.access_keys.find(signed.access_key_id)
    assert found is not None
    try:
        async with served(app.asgi(parts)) as url, aiohttp.ClientSession() as http:
            yield Desk(parts, url, http, secret, (found.caller, await here.keys.sign_in(secret)))
    finally:
        await parts.close()


def agrees(heard: Heard, expected: tuple[int, str], sentence: str, seconds: int) -> None:
    assert (heard.status, heard.code) == expected, heard
    assert sentence in heard.text
    assert heard.headers["retry-after"] == str(seconds)
    if "x-acs-request-id" in heard.headers:
        assert heard.headers["x-acs-retry-after"] == str(seconds * 1000)


@each
async def test_a_server_with_too_much_to_do_says_so(desk: Desk, way: Way) -> None:
    pressure = desk.parts.assistant.turns.admission.pressure
    assert pressure is not None
    pressure.lacking = SHORT
    try:
        agrees(await desk.ask(way), way.says.overloaded, f"the server is busy: {SHORT}; try again in 5 s", 5)
    finally:
        pressure.lacking = ""


@each
async def test_a_key_that_asks_too_often_is_told_its_limit(desk: Desk, way: Way) -> None:
    admission, caller = desk.parts.assistant.turns.admission, desk.caller(way)
    before, admission.rates = admission.rates, Rates(desk.parts.store, now=lambda: 1.0, key_rate=4)
    try:
        for _ in range(4):
            await admission.rates.take(caller)
        heard = await desk.ask(way)
        sentence = f"key {caller.key}: at most 4 questions a minute; try again in 15 s"
        agrees(heard, way.says.too_often, sentence, 15)
    finally:
        admission.rates = before
    if way.says is IN_OPENAI:
        assert heard.headers["x-ratelimit-limit-requests"] == "4"
        assert heard.headers["x-ratelimit-remaining-requests"] == "0"
        assert heard.headers["x-ratelimit-reset-requests"] == "60s"


@each
async def test_more_turns_than_an_account_may_run_are_refused(desk: Desk, way: Way) -> None:
    admission, caller = desk.parts.assistant.turns.admission, desk.caller(way)
    assert admission.take(caller, 1)
    try:
        heard = await desk.ask(way)
    finally:
        admission.leave(caller)
    agrees(heard, way.says.busy, "", 5)


async def test_what_is_no_question_is_answered_while_questions_are_refused(desk: Desk) -> None:
    headers = {"authorization": f"Bearer {desk.secret}"}
    asked = {"query": "why?", "inputs": {}, "user": "ann", "response_mode": "blocking"}
    async with desk.http.post(f"{desk.url}/v1/chat-messages", headers=headers, json=asked) as response:
        answer = await response.json()
    pressure = desk.parts.assistant.turns.admission.pressure
    assert pressure is not None
    pressure.lacking = SHORT
    user = {"user": "ann"}
    never: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/health", {}),
        ("GET", "/ready", {}),
        ("GET", "/metrics", {}),
        ("GET", "/v1/conversations", {"params": user}),
        ("GET", "/v1/messages", {"params": {**user, "conversation_id": answer["conversation_id"]}}),
        ("POST", f"/v1/chat-messages/{answer['task_id']}/stop", {"json": user}),
        ("GET", "/v1/models", {}),
        ("GET", "/dbmedic/v1/approvals", {}),
    ]
    try:
        for method, path, sends in never:
            async with desk.http.request(method, desk.url + path, headers=headers, **sends) as response:
                assert response.status in (200, 403), (path, await response.text())
                said = await response.text()
            if path == "/metrics":
                assert "dbmedic_overloaded 1.0" in said
                assert 'dbmedic_questions_refused_total{api="dify",why="overloaded"}' in said
    finally:
        pressure.lacking = ""


async def test_openai_clients_are_told_what_is_left(desk: Desk) -> None:
    admission = desk.parts.assistant.turns.admission
    before, admission.rates = admission.rates, Rates(desk.parts.store, now=time.monotonic, key_rate=60)
    try:
        heard = await desk.ask(WAYS["openai completions"])
    finally:
        admission.rates = before
    assert heard.status == 200, heard
    assert heard.headers["x-ratelimit-limit-requests"] == "60"
    assert heard.headers["x-ratelimit-remaining-requests"] == "59"
    assert float(heard.headers["x-ratelimit-reset-requests"].removesuffix("s")) <= 1
