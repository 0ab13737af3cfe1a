"""Spans for OpenTelemetry: a request, the run of a turn, a model's reply, a tool's call, a statement.

Imported only when the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` …) switch it on; the SDK reads them itself.
Names and attributes follow the conventions for HTTP, databases and generative AI
(https://opentelemetry.io/docs/specs/semconv/).  What people ask and what is answered is never in a span; statements are
there without their literals.  Whether a wrapped port is traced is told by the span that is current when it is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import structlog
from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from dbmedic import __version__
from dbmedic.agent.tool import Context, Tool
from dbmedic.assistant.live import Running
from dbmedic.core.errors import ModelDown
from dbmedic.core.ports import Model, ModelRequest
from dbmedic.core.values import Call, Instance, Piece, Text, Usage
from dbmedic.kit.outgoing import OUTGOING
from dbmedic.kit.statements import normalised
from dbmedic.telemetry.observed import CANCELLED, code_of

S = TypeVar("S", bound="Seen")
SYSTEMS: Final = {"postgres": "postgresql"}
"""Our family -> `db.system.name`, where it is not the same."""
QUERY_CHARS: Final = 4000
"""Longest text of a statement in a span."""
QUIET: Final = ("/health", "/ready", "/metrics")
"""Paths that machines ask all the time: not traced."""


class Seen(Protocol):
    """What is known of a request once it was answered (`api/edge.py`)."""

    @property
    def api(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def status(self) -> int: ...


class Tracing:
    """Makes spans and sends them in the background; `close` sends what is left."""

    def __init__(self) -> None:
        found = Resource.create()
        known = str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
        own = {SERVICE_VERSION: __version__} | ({SERVICE_NAME: "dbmedic"} if known else {})
        self._provider = TracerProvider(resource=found.merge(Resource(own)), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("dbmedic", __version__)

    async def close(self) -> None:
        """Sends what was not sent yet; a collector that does not answer holds it up for some seconds only."""
        await asyncio.to_thread(self._provider.shutdown)

    # -- requests ---------------------------------------------------------------------------------------------------

    def asgi(self, app: Any) -> Any:
        """An ASGI application, with a span around each request; the trace goes on that `traceparent` names."""

        async def traced(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["path"] in QUIET:
                await app(scope, receive, send)
                return
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            method = scope["method"]
            with self._tracer.start_as_current_span(
                method,
                context=propagate.extract(headers),
                kind=SpanKind.SERVER,
                attributes={"http.request.method": method, "url.path": scope["path"][:200], "url.scheme": "http"},
            ) as span:
                structlog.contextvars.bind_contextvars(trace=f"{span.get_span_context().trace_id:032x}")
                await app(scope, receive, send)

        return traced

    def seen(self, then: Callable[[S], None]) -> Callable[[S], None]:
        """What an edge tells of an answered request: names its span, then goes on."""

        def named(one: S) -> None:
            span = trace.get_current_span()
            if span.is_recording():
                span.update_name(f"{one.method} {one.api} {one.operation}")
                span.set_attribute("http.response.status_code", one.status)
                span.set_attribute("dbmedic.api", one.api)
                span.set_attribute("dbmedic.operation", one.operation)
                if one.status >= 500:
                    _failed(span, str(one.status))
            then(one)

        return named

    # -- turns ------------------------------------------------------------------------------------------------------

    async def around(self, running: Running, run: Coroutine[Any, Any, None]) -> None:
        """A run of a turn within a span of its own."""
        question = running.turn.question
        with self._tracer.start_as_current_span(
            "invoke_agent dbmedic",
            attributes={
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.provider.name": "dbmedic",
                "gen_ai.agent.name": "dbmedic",
                "gen_ai.agent.id": (question.agent if question is not None else None) or "default",
                "gen_ai.conversation.id": running.conversation,
                "dbmedic.turn.id": running.id,
                "dbmedic.run.id": running.run,
                "dbmedic.api": question.api if question is not None else "",
            },
        ) as span:
            await run
            turn = running.turn
            span.set_attribute("dbmedic.turn.reason", turn.closed or "waiting")
            span.set_attribute("gen_ai.usage.input_tokens", turn.usage.prompt_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", turn.usage.completion_tokens)
            if turn.failure is not None:
                _failed(span, turn.failure.code)

    def models(self, models: Mapping[str, Model], service: str = "") -> dict[str, Model]:
        """The same models, each reply within a span; `service` is the address of the service behind them."""
        return {name: TracedModel(model, self._tracer, service) for name, model in models.items()}

    def tools(self, tools: Mapping[str, Tool]) -> dict[str, Tool]:
        """The same tools, each call within a span."""
        return {name: self._tool(tool) for name, tool in tools.items()}

    def _tool(self, tool: Tool) -> Tool:
        async def run(context: Context, **args: Any) -> str:
            attributes = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": tool.spec.name,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": context.call,
            }
            with self._tracer.start_as_current_span(
                f"execute_tool {tool.spec.name}", attributes=attributes, record_exception=False
            ) as span:
                try:
                    return await tool.run(context, **args)
                except BaseException as fault:
                    _failed(span, code_of(fault))
                    raise

        return tool._replace(run=run)

    # -- statements (`observed.Spans`) ------------------------------------------------------------------------------

    def begin(self, instance: Instance, engine: str, text: str, database: str) -> Span | None:
        """Of a statement that some traced request or turn sends; the sampler's are counted only."""
        if not trace.get_current_span().is_recording():
            return None
        parts = urlsplit(instance.url)
        space = database or (parts.path.strip("/") if engine != "sqlite" else "")
        query = (normalised(text, engine) if engine != "redis" else text.strip())[:QUERY_CHARS]
        operation = query.partition(" ")[0].upper()[:20]
        attributes: dict[str, str | int] = {
            "db.system.name": SYSTEMS.get(engine, engine),
            "db.operation.name": operation,
            "db.query.text": query,
            "dbmedic.instance": instance.id,
        }
        if space:
            attributes["db.namespace"] = space
        if parts.hostname:
            attributes["server.address"] = parts.hostname
            if port := _port(instance.url):
                attributes["server.port"] = port
        name = f"{operation} {space or instance.id}"
        return self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)

    def end(self, span: Span, rows: int | None, fault: BaseException | None) -> None:
        if rows is not None:
            span.set_attribute("db.response.returned_rows", rows)
        if fault is not None:
            _failed(span, code_of(fault))
        span.end()


class TracedModel:
    """A `Model` whose replies are spans; the service is told the trace in `traceparent`."""

    def __init__(self, model: Model, tracer: trace.Tracer, service: str = "") -> None:
        self.name = model.name
        self._model, self._tracer = model, tracer
        parts = urlsplit(service)
        self._place: dict[str, str | int] = {"server.address": parts.hostname} if parts.hostname else {}
        if parts.hostname and (port := _port(service)):
            self._place["server.port"] = port

    def __getattr__(self, name: str) -> Any:
        """What a model says of itself beyond the port: its window, whether it sees."""
        return getattr(self._model, name)

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        span = self._tracer.start_span(
            f"chat {self.name}",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai" if self._place else "dbmedic",
                "gen_ai.request.model": self.name,
                **self._place,
            },
        )
        finish, spoke = "stop", False
        try:
            async with aclosing(self._begun(request, span)) as pieces:
                async for piece in pieces:
                    if type(piece) is Text and not spoke:
                        spoke = True
                        span.add_event("first_token")
                    elif type(piece) is Call:
                        finish = "tool_calls"
                    elif type(piece) is Usage:
                        span.set_attribute("gen_ai.usage.input_tokens", piece.prompt_tokens)
                        span.set_attribute("gen_ai.usage.output_tokens", piece.completion_tokens)
                    yield piece
            span.set_attribute("gen_ai.response.finish_reasons", (finish,))
        except BaseException as fault:
            _failed(span, code_of(fault))
            if isinstance(fault, ModelDown):
                span.set_status(Status(StatusCode.ERROR, str(fault)))
            raise
        finally:
            span.end()

    async def _begun(self, request: ModelRequest, span: Span) -> AsyncGenerator[Piece, None]:
        """The reply.  Only its first piece is waited for within the span's context: by then the request is sent."""
        pieces = self._model.reply(request)
        carrier: dict[str, str] = {}
        within = trace.set_span_in_context(span)
        propagate.inject(carrier, within)
        lines = "".join(f"{name}: {value}\r\n" for name, value in carrier.items()).encode("latin-1")
        token, mark = contexts.attach(within), OUTGOING.set(lines)
        try:
            first = await anext(pieces, None)
        finally:
            OUTGOING.reset(mark)
            contexts.detach(token)
        if first is not None:
            yield first
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        await self._model.close()


def _failed(span: Span, code: str) -> None:
    """Marks a span as ended by a fault; what somebody stopped is no fault."""
    if code == CANCELLED:
        span.set_attribute("dbmedic.cancelled", True)
        return
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
