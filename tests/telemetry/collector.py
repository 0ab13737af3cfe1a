"""An OpenTelemetry collector as far as traces go: OTLP over HTTP, as the exporter sends it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Span(NamedTuple):
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: dict[str, Any]
    failed: bool
    service: str
    took_s: float


class Collector:
    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = values(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                for one in scope.spans:
                    self.spans.append(
                        Span(
                            one.name,
                            one.trace_id.hex(),
                            one.span_id.hex(),
                            one.parent_span_id.hex(),
                            one.kind,
                            values(one.attributes),
                            one.status.code == 2,
                            service,
                            (one.end_time_unix_nano - one.start_time_unix_nano) / 1e9,
                        )
                    )
        return web.Response(content_type="application/x-protobuf")

    async def wait_for(self, name: str) -> Span:
        """The first span of that name, once it has come."""
        async with asyncio.timeout(10):
            while not (found := [span for span in self.spans if span.name == name]):
                await asyncio.sleep(0.02)
        return found[0]

    def under(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent == parent.id and span.trace == parent.trace]


def values(attributes: Any) -> dict[str, Any]:
    found = {}
    for one in attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


@contextlib.asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a free port; `url` is for `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    collector = Collector()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()
