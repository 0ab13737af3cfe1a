"""What machines ask a server: `/health`, `/ready`, `/metrics`; and the counts behind the last."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Final

import msgspec
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    exposition,
)

from dbmedic import __version__
from dbmedic.api import Api
from dbmedic.api.edge import BROKEN, Seen
from dbmedic.api.http import Head, Reply, Request

logger = structlog.get_logger("dbmedic.http")

PATHS: Final = ("/health", "/ready", "/metrics")
READY_S: Final = 1.0
"""An answer of `/ready` serves all who ask within this time."""
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300)
_JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_TEXT = ((b"content-type", exposition.CONTENT_TYPE_LATEST.encode()), (b"cache-control", b"no-store"))


class Ops:
    """Counts, and answers the three paths.  `check` names what does not work: empty when the server is ready."""

    def __init__(self, check: Callable[[], Awaitable[Mapping[str, str]]], running: Callable[[], int]) -> None:
        self._check = check
        self._checked: tuple[float, Mapping[str, str]] = (-READY_S, {})
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("dbmedic", "Version that runs", registry=registry).info({"version": __version__})
        Gauge("dbmedic_running_turns", "Turns that run now", registry=registry).set_function(running)
        self._requests = Counter(
            "dbmedic_http_requests", "Requests that were answered", ["api", "operation", "status"], registry=registry
        )
        self._request_s = Histogram(
            "dbmedic_http_request_seconds",
            "Time to the last byte of an answer",
            ["api", "operation"],
            buckets=SECONDS,
            registry=registry,
        )
        self._turns = Counter("dbmedic_turns", "Turns that ended", ["api", "reason"], registry=registry)
        self._turn_s = Histogram("dbmedic_turn_seconds", "Time of a turn", ["api"], buckets=SECONDS, registry=registry)
        # The children of a metric are looked up under a lock and by text; these are few and come back all the time.
        self._count = lru_cache(1024)(self._requests.labels)
        self._time = lru_cache(1024)(self._request_s.labels)

    def seen(self, seen: Seen) -> None:
        """Counts a request and writes its line."""
        self._count(seen.api, seen.operation, seen.status).inc()
        self._time(seen.api, seen.operation).observe(seen.took_s)
        if seen.api != "ops":
            logger.info(
                "request",
                api=seen.api,
                operation=seen.operation,
                method=seen.method,
                path=seen.path[:200],
                status=seen.status,
                took_s=round(seen.took_s, 6),
                key=seen.key or None,
            )

    def ended(self, api: str, reason: str, took_s: float) -> None:
        """Counts a turn."""
        self._turns.labels(api, reason).inc()
        self._turn_s.labels(api).observe(took_s)

    def api(self) -> Api:
        return Api("ops", claims, self._handle, lambda: BROKEN)

    async def _handle(self, request: Request) -> Reply:
        request.operation = request.head.path[1:]
        if request.head.method not in ("GET", "HEAD"):
            return Reply(405, b'{"status":"method_not_allowed"}\n', (*_JSON, (b"allow", b"GET")))
        match request.operation:
            case "health":
                return _json(200, {"status": "ok", "version": __version__})
            case "ready":
                wrong = await self._wrong()
                return _json(503 if wrong else 200, {"status": "not ready" if wrong else "ready", **wrong})
            case _:
                return Reply(200, exposition.generate_latest(self.registry), _TEXT)

    async def _wrong(self) -> Mapping[str, str]:
        at, wrong = self._checked
        if time.monotonic() - at >= READY_S:
            wrong = await self._check()
            self._checked = (time.monotonic(), wrong)
        return wrong


def claims(head: Head, fields: Mapping[str, str]) -> bool:  # noqa: ARG001 - as every API
    return head.form is None and head.path in PATHS


def _json(status: int, value: Mapping[str, str]) -> Reply:
    return Reply(status, msgspec.json.encode(value) + b"\n", _JSON)
