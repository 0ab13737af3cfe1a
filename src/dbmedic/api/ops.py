"""What machines ask a server: `/health`, `/ready`, `/metrics`; and the line in the log of each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog

from dbmedic import __version__
from dbmedic.api import Api
from dbmedic.api.edge import BROKEN, Seen
from dbmedic.api.http import Head, Reply, Request
from dbmedic.telemetry.meters import CONTENT_TYPE, Meters

logger = structlog.get_logger("dbmedic.http")

PATHS: Final = ("/health", "/ready", "/metrics")
_JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_TEXT = ((b"content-type", CONTENT_TYPE.encode()), (b"cache-control", b"no-store"))


class Ops:
    """Answers the three paths.  `check` names what does not work: empty when the server is ready."""

    def __init__(
        self,
        check: Callable[[], Awaitable[Mapping[str, str]]],
        meters: Meters,
        look: Callable[[], Awaitable[None]],
    ) -> None:
        """`look` sets the gauges that somebody must ask for, before each scrape."""
        self._check, self.meters, self._look = check, meters, look

    def seen(self, seen: Seen) -> None:
        """Counts a request and writes its line."""
        self.meters.request(seen.api, seen.operation, seen.status, seen.took_s)
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
                wrong = await self._check()
                return _json(503 if wrong else 200, {"status": "not ready" if wrong else "ready", **wrong})
            case _:
                await self._look()
                return Reply(200, self.meters.text(), _TEXT)


def claims(head: Head, fields: Mapping[str, str]) -> bool:  # noqa: ARG001 - as every API
    return head.form is None and head.path in PATHS


def _json(status: int, value: Mapping[str, str]) -> Reply:
    return Reply(status, msgspec.json.encode(value) + b"\n", _JSON)
