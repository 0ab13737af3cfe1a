"""The envelope of AG-UI over HTTP: frames of its stream, and errors said before one begins.  Pure.

https://docs.ag-ui.com/spec/1.0
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.api.refusal import INTERNAL, preflight, refusal
from dbmedic.core.errors import BadField, Bug, Failure

JSON: Final = ((b"content-type", b"application/json"),)
HEADERS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-request-id, retry-after"),
)
PREFLIGHT: Final = preflight(b"POST, OPTIONS")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def refused(failure: Failure) -> Reply:
    """The answer to a request that begins no run."""
    said = refusal(failure)
    return error(said.status, failure.code, said.message, said.headers)


def error(status: int, code: str, message: str, more: tuple[Header, ...] = ()) -> Reply:
    return Reply(status, _encode({"code": code, "message": message}), (*JSON, *more, *HEADERS))


def internal() -> Reply:
    """The answer to an error that nobody foresaw."""
    return error(500, Bug.code, INTERNAL)


def framed(event: dict[str, Any]) -> bytes:
    """An event as a frame of the stream."""
    return b"data: %b\n\n" % _encode(event)


def json_object(body: bytes) -> dict[str, Any]:
    """Raises `BadField("body")`."""
    try:
        found = _decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise BadField("body", f"the body is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadField("body", "the body is a RunAgentInput, a JSON object")
    return found
