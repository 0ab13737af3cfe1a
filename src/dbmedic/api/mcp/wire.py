"""The envelope of MCP over HTTP: keys, and errors said before or beside the protocol, as JSON-RPC has them.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
"""

from __future__ import annotations

from typing import Final

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.api.refusal import INTERNAL, preflight, refusal
from dbmedic.core.errors import BadAsk, Busy, Failure, Forbidden, NotFound, NotSignedIn, OutsideFailed, Refused

HEADERS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-request-id, mcp-session-id, www-authenticate"),
)
"""Any page may ask: what counts is the key, which no page has unless its user gave it."""
PREFLIGHT: Final = preflight(b"POST, OPTIONS")
JSON: Final = ((b"content-type", b"application/json"),)
INVALID_PARAMS: Final = -32602
NOT_FOUND: Final = -32002
"""As the protocol has it for a resource."""

CODES: Final[dict[type[Failure], int]] = {
    BadAsk: INVALID_PARAMS,
    NotFound: NOT_FOUND,
    NotSignedIn: -32001,
    Forbidden: -32003,
    Refused: -32003,
    Busy: -32029,
    OutsideFailed: -32000,
    Failure: -32603,
}
"""Those of the protocol, and ours from the range that it leaves to servers."""


def refused(failure: Failure) -> Reply:
    """The answer to a request that does not reach the protocol."""
    said = refusal(failure)
    return error(said.status, code_of(failure), said.message, said.headers)


def error(status: int, code: int, message: str, more: tuple[Header, ...] = ()) -> Reply:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return Reply(status, msgspec.json.encode(body), (*JSON, *more, *HEADERS))


def internal() -> Reply:
    """The answer to an error that nobody foresaw."""
    return error(500, -32603, INTERNAL)


def code_of(failure: Failure) -> int:
    """The JSON-RPC code of an error inside the protocol."""
    return next(CODES[base] for base in type(failure).__mro__ if base in CODES)
