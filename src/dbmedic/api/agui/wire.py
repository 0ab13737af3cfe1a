"""The envelope of AG-UI over HTTP: frames of its stream, and errors said before one begins.  Pure.

https://docs.ag-ui.com/spec/1.0
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.assistant.approvals import Decided
from dbmedic.core.errors import (
    BadAsk,
    BadField,
    Bug,
    Busy,
    Failure,
    Forbidden,
    NotFound,
    NotSignedIn,
    OutsideFailed,
    Overloaded,
    Refused,
    TooLarge,
)

JSON: Final = ((b"content-type", b"application/json"),)
HEADERS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-request-id, retry-after"),
)
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, authorization"),
    (b"access-control-max-age", b"600"),
)
ERRORS: Final[dict[type[Failure], int]] = {
    NotSignedIn: 401,
    Forbidden: 403,
    Decided: 409,
    NotFound: 404,
    Overloaded: 503,
    Busy: 429,
    TooLarge: 413,
    BadAsk: 400,
    Refused: 403,
    OutsideFailed: 503,
    Bug: 500,
    Failure: 500,
}
INTERNAL: Final = "dbmedic failed; its log has the details."
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def refused(failure: Failure) -> Reply:
    """The answer to a request that begins no run."""
    status = next(ERRORS[base] for base in type(failure).__mro__ if base in ERRORS)
    more: tuple[Header, ...] = ()
    if isinstance(failure, Busy):
        more = ((b"retry-after", str(failure.retry_after_s).encode()),)
    if status == 401:
        more = ((b"www-authenticate", b'Bearer realm="dbmedic"'),)
    return error(status, failure.code, INTERNAL if status == 500 else str(failure), more)


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
