"""The envelope of MCP over HTTP: keys, and errors said before or beside the protocol, as JSON-RPC has them.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
"""

from __future__ import annotations

from typing import Final

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.core.errors import (
    BadAsk,
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

HEADERS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-request-id, mcp-session-id, www-authenticate"),
)
"""Any page may ask: what counts is the key, which no page has unless its user gave it."""
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, authorization"),
    (b"access-control-max-age", b"600"),
)
JSON: Final = ((b"content-type", b"application/json"),)
INVALID_PARAMS: Final = -32602
NOT_FOUND: Final = -32002
"""As the protocol has it for a resource."""

ERRORS: Final[dict[type[Failure], tuple[int, int]]] = {
    NotSignedIn: (401, -32001),
    Forbidden: (403, -32003),
    Overloaded: (503, -32029),
    Busy: (429, -32029),
    TooLarge: (413, INVALID_PARAMS),
    NotFound: (404, NOT_FOUND),
    BadAsk: (400, INVALID_PARAMS),
    Refused: (403, -32003),
    OutsideFailed: (503, -32000),
    Bug: (500, -32603),
    Failure: (500, -32603),
}
"""Status and JSON-RPC code."""
_INTERNAL: Final = "dbmedic failed; its log has the details."


def refused(failure: Failure) -> Reply:
    """The answer to a request that does not reach the protocol."""
    status, code = next(ERRORS[base] for base in type(failure).__mro__ if base in ERRORS)
    more: tuple[Header, ...] = ()
    if status == 401:
        more = ((b"www-authenticate", b'Bearer realm="dbmedic"'),)
    if isinstance(failure, Busy):
        more = ((b"retry-after", str(failure.retry_after_s).encode()),)
    return error(status, code, _INTERNAL if status == 500 else str(failure), more)


def error(status: int, code: int, message: str, more: tuple[Header, ...] = ()) -> Reply:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return Reply(status, msgspec.json.encode(body), (*JSON, *more, *HEADERS))


def internal() -> Reply:
    """The answer to an error that nobody foresaw."""
    return error(500, -32603, _INTERNAL)


def code_of(failure: Failure) -> int:
    """The JSON-RPC code of an error inside the protocol."""
    return next(ERRORS[base] for base in type(failure).__mro__ if base in ERRORS)[1]
