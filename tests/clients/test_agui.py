"""AG-UI with the types of its official package against a running server, a change on a real PostgreSQL among it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from ag_ui.core import Event, ResumeEntry, RunAgentInput, UserMessage
from pydantic import TypeAdapter

from agent.playing import Script
from api.serving import served
from dbmedic import app
from dbmedic.assistant.accounts import LOCAL
from dbmedic.config import Config
from dbmedic.core.values import Call, Piece, Reasoning, Text
from fix_servers import Database

EVENTS: TypeAdapter[Any] = TypeAdapter(Event)
INDEX = {"instance": "rm-shop", "table": "public.orders", "columns": ["customer"], "purpose": "orders page"}
CHANGE = [[Text("An index helps. "), Call("k1", "create_index", INDEX)], [Text("It is there.")]]


class Client:
    """Runs of one thread with one key."""

    def __init__(self, http: httpx2.AsyncClient, parts: app.Parts) -> None:
        self.http, self.parts, self.runs = http, parts, 0

    async def key(self, *rights: str, app: str = "ops") -> str:
        return (await self.parts.assistant.keys.create(app=app, rights=rights or ("ask",))).secret

    async def send(self, key: str, text: str = "", *resume: ResumeEntry, thread: str = "t1") -> httpx2.Response:
        self.runs += 1
        messages = [UserMessage(id=f"m{self.runs}", content=text)] if text else []
        run = RunAgentInput(thread_id=thread, run_id=f"r{self.runs}", messages=messages, resume=list(resume) or None)
        body = run.model_dump_json(by_alias=True, exclude_none=True)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        return await self.http.post("/agui", content=body, headers=headers)

    async def run(self, key: str, text: str = "", *resume: ResumeEntry, thread: str = "t1") -> list[Any]:
        """The events, as the package reads them."""
        answer = await self.send(key, text, *resume, thread=thread)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.text.split("\n\n") if line.startswith("data: ")]
        return [EVENTS.validate_json(line.removeprefix("data: ")) for line in lines]


@contextlib.asynccontextmanager
async def serving(*replies: list[Piece]) -> AsyncIterator[Client]:
    parts = await app.build(Config(data=None), models={"script": Script(*replies)})
    try:
        async with served(app.asgi(parts)) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
            yield Client(http, parts)
    finally:
        await parts.close()


@contextlib.asynccontextmanager
async def shop(database: Database) -> AsyncIterator[Client]:
    database.run("create table orders (id int primary key, customer int)")
    async with serving(*CHANGE) as client:
        await client.parts.assistant.instances.add("rm-shop", database.url, LOCAL, write_url=database.url)
        yield client


def indexes(database: Database) -> list[str]:
    return [row[0] for row in database.run("select indexname from pg_indexes where tablename = 'orders' order by 1")]


def types(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def text(events: list[Any]) -> str:
    return "".join(event.delta for event in events if event.type.value == "TEXT_MESSAGE_CONTENT")


def answer(interrupt: Any, payload: Any) -> ResumeEntry:
    return ResumeEntry(interrupt_id=interrupt.id, status="resolved", payload=payload)


async def test_a_run_thinks_calls_a_tool_and_answers() -> None:
    thinking = [Reasoning("Which ones?"), Call("k1", "instances", {})]
    async with serving(thinking, [Text("There "), Text("are none.")]) as client:
        events = await client.run(await client.key(), "Which databases?")
        again = await client.run(await client.key(), "Sure?", thread="t1")
        threads = await client.parts.store.read("waiting_turns")
    assert types(events) == [
        "RUN_STARTED", "REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END", "REASONING_END", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END",
        "TOOL_CALL_RESULT", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]  # fmt: skip
    assert (events[0].thread_id, events[0].run_id, events[0].protocol_version) == ("t1", "r1", "1.0")
    assert text(events) == text(again) == "There are none."
    assert events[-1].outcome.type == "success"
    assert (again[0].run_id, threads) == ("r2", [])


async def test_an_interrupt_is_decided_by_a_key_that_may_and_the_change_runs_once(postgres: Database) -> None:
    async with shop(postgres) as client:
        asks, approves = await client.key(), await client.key("ask", "approve")
        stopped = await client.run(asks, "The orders page is slow")
        (interrupt,) = stopped[-1].outcome.interrupts
        assert types(stopped)[-2:] == ["TOOL_CALL_END", "RUN_FINISHED"]
        assert (interrupt.reason, interrupt.tool_call_id) == ("tool_call", stopped[-2].tool_call_id)
        assert "orders_customer_idx" in interrupt.message
        grant = answer(interrupt, {"approved": True, "comment": "go on"})
        assert (await client.send(asks, "", grant)).status_code == 403
        assert (await client.send(await client.key("approve", app="other"), "", grant)).status_code == 404
        assert (await client.send(approves, "", grant, thread="t2")).status_code == 404
        assert indexes(postgres) == ["orders_pkey"]
        done = await client.run(approves, "", grant)
        assert (await client.send(approves, "", grant)).status_code == 409
    assert types(done)[:2] == ["RUN_STARTED", "TOOL_CALL_RESULT"]
    assert "there and valid" in done[1].content
    assert (text(stopped), text(done)) == ("An index helps. ", "It is there.")
    assert done[-1].outcome.type == "success"
    assert indexes(postgres) == ["orders_customer_idx", "orders_pkey"]


@pytest.mark.parametrize("how", ["refused", "cancelled", "asked anew"])
async def test_what_is_not_granted_is_not_run(postgres: Database, how: str) -> None:
    async with shop(postgres) as client:
        asks, approves = await client.key(), await client.key("ask", "approve")
        (interrupt,) = (await client.run(asks, "The orders page is slow"))[-1].outcome.interrupts
        if how == "refused":
            events = await client.run(approves, "", answer(interrupt, {"approved": False, "comment": "not now"}))
            assert "not now" in events[1].content
        elif how == "cancelled":
            events = await client.run(asks, "", ResumeEntry(interrupt_id=interrupt.id, status="cancelled"))
            assert events[-1].outcome.type == "cancelled"
        else:
            await client.run(asks, "Never mind")
            assert (await client.send(approves, "", answer(interrupt, {"approved": True}))).status_code == 409
        pending = await client.parts.assistant.approvals.asked(LOCAL, status="pending")
        assert interrupt.id not in [one.id for one in pending]
    assert indexes(postgres) == ["orders_pkey"]


async def test_what_is_no_run_is_refused_before_one_begins() -> None:
    async with serving([Text("Yes.")]) as client:
        key = await client.key()
        assert (await client.send("app-nobody", "x")).status_code == 401
        assert (await client.http.post("/agui", json={})).status_code == 401
        assert (await client.http.get("/agui")).status_code == 405
        headers = {"Authorization": f"Bearer {key}"}
        for body in (b"", b"[]", b"{", b"[" * 100_000, b'{"threadId": "t"}', b"\xff"):
            wrong = await client.http.post("/agui", content=body, headers=headers)
            assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_field"), body[:10]
        run = {"threadId": "t", "runId": "r", "messages": [{"role": "user", "content": "x"}]}
        unknown = await client.http.post("/agui/nobody", json=run, headers=headers)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
        nothing = {"threadId": "t", "runId": "r", "resume": [{"interruptId": "x", "status": "cancelled"}]}
        assert (await client.http.post("/agui", json=nothing, headers=headers)).status_code == 404
        approves = await client.key("approve")
        assert (await client.send(approves, "x")).status_code == 403
        preflight = await client.http.options("/agui")
        assert preflight.headers["access-control-allow-origin"] == "*"


async def test_the_agent_that_an_app_published_answers() -> None:
    from dbmedic.assistant.published import draft

    async with serving([Text("Yes.")]) as client:
        key = await client.key()
        await client.parts.assistant.published.publish("ops", draft('prompt = "Be short."\ntools = ["instances"]'))
        await client.run(key, "why?")
        (asked,) = client.parts.models["script"].requests  # type: ignore[attr-defined]
    assert (asked.agent.prompt, [tool.name for tool in asked.tools]) == ("Be short.", ["instances"])


async def test_a_model_that_fails_ends_the_run_with_an_error() -> None:
    from dbmedic.core.errors import ModelDown

    async with serving([Text("I think "), ModelDown("the model broke off")]) as client:  # type: ignore[list-item]
        events = await client.run(await client.key(), "why?")
    assert types(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert (events[-1].code, events[-1].message) == ("model_down", "the model broke off")
