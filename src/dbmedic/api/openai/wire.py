"""The envelope of the OpenAI API: keys, JSON bodies, and how our errors are said in it."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.api.refusal import INTERNAL, preflight, refusal
from dbmedic.core.errors import (
    BadAsk,
    BadField,
    Busy,
    Failure,
    ModelDown,
    NotFound,
    NotSignedIn,
    Overloaded,
    Refused,
    TooLarge,
)

JSON: Final = ((b"content-type", b"application/json"),)
HEADERS: Final = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"x-request-id, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
        b"x-ratelimit-reset-requests",
    ),
)
PREFLIGHT: Final = preflight(b"GET, POST, DELETE, OPTIONS")

_decode = msgspec.json.Decoder().decode
KINDS: Final[dict[type[Failure], tuple[str, str | None]]] = {
    BadAsk: ("invalid_request_error", None),
    NotFound: ("invalid_request_error", "not_found"),
    TooLarge: ("invalid_request_error", "request_too_large"),
    NotSignedIn: ("invalid_request_error", "invalid_api_key"),
    Refused: ("permission_error", None),
    Busy: ("rate_limit_error", "rate_limit_exceeded"),
    Overloaded: ("server_error", "overloaded"),
    ModelDown: ("server_error", "model_down"),
    Failure: ("server_error", None),
}
"""Type and code of an error."""


class Fault(Exception):
    """An error as this API says it."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        *,
        param: str | None = None,
        code: str | None = None,
        headers: tuple[Header, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.param, self.code, self.headers = status, kind, param, code, headers

    def body(self) -> bytes:
        error = {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}
        return msgspec.json.encode({"error": error})

    def reply(self) -> Reply:
        return Reply(self.status, self.body(), (*JSON, *self.headers, *HEADERS))


def fault_of(failure: Failure) -> Fault:
    """How one of our errors is said here."""
    said = refusal(failure)
    kind, code = next(KINDS[base] for base in type(failure).__mro__ if base in KINDS)
    param = failure.name if isinstance(failure, BadField) else None
    message = "Incorrect API key provided." if isinstance(failure, NotSignedIn) else said.message
    return Fault(said.status, message, kind, param=param, code=code, headers=said.headers)


def failed(code: str, sentence: str) -> Fault:
    """How a turn that failed is said."""
    status = 502 if code == "model_down" else 500
    return Fault(status, sentence, "server_error", code=code)


def internal() -> Fault:
    """The answer to an error that nobody foresaw."""
    return Fault(500, INTERNAL, "server_error")


def wrong(param: str, problem: str) -> NoReturn:
    """Raises the error for a parameter."""
    raise Fault(400, f"Invalid value for '{param}': {problem}", param=param, code="invalid_value")


def json_object(body: bytes) -> dict[str, Any]:
    """The body as an object; raises `Fault` 400."""
    try:
        found = _decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Fault(400, f"We could not parse the JSON body of your request: {problem}") from None
    if not isinstance(found, dict):
        raise Fault(400, "The JSON body of a request is an object.")
    return found


def json_reply(value: Any, status: int = 200, more: tuple[Header, ...] = ()) -> Reply:
    return Reply(status, msgspec.json.encode(value), (*JSON, *HEADERS, *more))


def text(fields: dict[str, Any], name: str, *, limit: int = 200_000) -> str | None:
    """A text field, or None; raises `Fault` 400."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        wrong(name, f"expected a string, but got {type(value).__name__}")
    if len(value) > limit:
        wrong(name, f"at most {limit} characters")
    return value


def flag(fields: dict[str, Any], name: str) -> bool:
    """A boolean that is false where it is absent; raises `Fault` 400."""
    value = fields.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        wrong(name, f"expected a boolean, but got {type(value).__name__}")
    return value
