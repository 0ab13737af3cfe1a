"""What a collector gets of one question: a trace from the client's request down to each statement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from agent.playing import Script
from dbmedic.cli.serving import tracing
from dbmedic.config import traced
from dbmedic.core.values import Text
from models.script import call, end, playing, text
from telemetry.collector import Collector, Span, collecting
from telemetry.serving import serving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SQL = "select count(*) as n from sqlite_schema where name <> 'a secret' and rootpage > 12345"
PLAYS = (
    [
        *call("query", json.dumps({"instance": "shop", "sql": SQL}), id="c1"),
        *call("query", json.dumps({"instance": "shop", "sql": "select nothing from sqlite_schema"}), id="c2", index=1),
        *end("tool_calls", 120, 9),
    ],
    [*text("One ", "table."), *end("stop", 150, 4)],
)


class Told(NamedTuple):
    """What one question left behind."""

    collector: Collector
    headers: list[dict[str, str]]
    """Of the requests that the model's service got."""
    lines: list[Any]
    """Of the server's log."""


@pytest.fixture
async def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """After one question."""
    async with collecting() as collector, playing(*PLAYS) as script:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        settings = {"model_url": script.url, "model": "qwen", "sample": False, "window_s": 0.1}
        with capture_logs(processors=[merge_contextvars]) as lines:
            async with serving(tmp_path, None, tracing=tracing(), **settings) as (client, _):
                client.headers["traceparent"] = f"00-{TRACE}-{PARENT}-01"
                assert (await client.ask("how many tables?")).body["answer"].startswith("One table.")
                await client.call("GET", "/health")
        return Told(collector, script.headers, lines)


def only(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def is_query(span: Span) -> bool:
    return span.name == "execute_tool query"


async def test_one_question_is_one_trace(told: Told) -> None:
    collector, spans = told.collector, told.collector.spans
    assert {span.trace for span in spans} == {TRACE}
    assert {span.service for span in spans} == {"dbmedic"}

    request = only(spans, "POST dify chat_messages")
    assert (request.parent, request.kind) == (PARENT, 2)
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["url.path"] == "/v1/chat-messages"

    agent = only(spans, "invoke_agent dbmedic")
    assert agent.parent == request.id
    assert agent.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert agent.attributes["gen_ai.usage.input_tokens"] == 270
    assert agent.attributes["dbmedic.turn.reason"] == "done"

    chats = [span for span in collector.under(agent) if span.name == "chat qwen"]
    assert [one.attributes["gen_ai.response.finish_reasons"] for one in chats] == [["tool_calls"], ["stop"]]
    assert [one.attributes["gen_ai.usage.output_tokens"] for one in chats] == [9, 4]
    assert {(one.kind, one.attributes["server.address"]) for one in chats} == {(3, "127.0.0.1")}
    sent = [one["traceparent"] for one in told.headers]
    assert sent == [f"00-{TRACE}-{one.id}-01" for one in chats]

    tools = {span.attributes["gen_ai.tool.call.id"]: span for span in collector.under(agent) if is_query(span)}
    tool, wrong = tools["c1"], tools["c2"]
    assert tool.attributes["gen_ai.tool.name"] == "query"
    assert (tool.failed, wrong.failed) == (False, True)
    assert wrong.attributes["error.type"] == "statement_failed"
    assert only(collector.under(wrong), "SELECT shop").attributes["error.type"] == "statement_failed"

    statement = only(collector.under(tool), "SELECT shop")
    assert statement.kind == 3
    assert statement.attributes["db.system.name"] == "sqlite"
    assert statement.attributes["db.operation.name"] == "SELECT"
    assert statement.attributes["dbmedic.instance"] == "shop"
    assert statement.attributes["db.response.returned_rows"] == 1
    query = statement.attributes["db.query.text"]
    assert query == "select count(*) as n from sqlite_schema where name <> ? and rootpage > ?"
    assert 0 <= statement.took_s <= tool.took_s <= agent.took_s

    said = " ".join(str(value) for span in spans for value in span.attributes.values())
    assert "how many tables" not in said
    assert "One table" not in said


async def test_the_line_of_a_request_carries_its_trace_and_its_turn(told: Told) -> None:
    (line,) = [line for line in told.lines if line["event"] == "request"]
    agent = only(told.collector.spans, "invoke_agent dbmedic")
    assert (line["trace"], line["turn"]) == (TRACE, agent.attributes["dbmedic.turn.id"])
    assert line["request"]


async def test_without_opentelemetry_a_line_still_carries_the_trace_that_the_client_named(tmp_path: Path) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with serving(tmp_path, Script((Text("Yes."),)), sample=False) as (client, _):
            client.headers["traceparent"] = f"00-{TRACE}-{PARENT}-01"
            await client.ask()
            client.headers["traceparent"] = "00-nonsense"
            await client.ask("")
    first, second = (line for line in lines if line["event"] == "request")
    assert first["trace"] == TRACE
    assert first["turn"]
    assert not {"trace", "turn"} & second.keys()


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_SERVICE_NAME": "dba"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(environ: dict[str, str], on: bool) -> None:
    assert traced(environ) is on


def test_nothing_of_opentelemetry_is_loaded_where_nobody_asked_for_it() -> None:
    program = """
import asyncio, sys
from dbmedic.app import asgi, build
from dbmedic.cli.serving import tracing
from dbmedic.config import Config
async def main():
    assert tracing() is None
    parts = await build(Config())
    asgi(parts)
    await parts.close()
asyncio.run(main())
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "dbmedic.telemetry.traces")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stderr
