"""The envelope of the OpenAI API: keys, JSON bodies, and how our errors are said in it."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.core.errors import (
    BadAsk,
    BadField,
    Bug,
    Busy,
    Failure,
    Forbidden,
    ModelDown,
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
    (
        b"access-control-expose-headers",
        b"x-request-id, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
        b"x-ratelimit-reset-requests",
    ),
)
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"600"),
)

_decode = msgspec.json.Decoder().decode
ERRORS: Final[dict[type[Failure], tuple[int, str, str | None]]] = {
    NotSignedIn: (401, "invalid_request_error", "invalid_api_key"),
    Forbidden: (403, "permission_error", None),
    Overloaded: (503, "server_error", "overloaded"),
    Busy: (429, "rate_limit_error", "rate_limit_exceeded"),
    TooLarge: (413, "invalid_request_error", "request_too_large"),
    NotFound: (404, "invalid_request_error", "not_found"),
    BadAsk: (400, "invalid_request_error", None),
    Refused: (403, "permission_error", None),
    ModelDown: (502, "server_error", "model_down"),
    OutsideFailed: (503, "server_error", None),
    Bug: (500, "server_error", None),
    Failure: (500, "server_error", None),
}
_INTERNAL = "dbmedic failed; its log has the details."


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
    status, kind, code = next(ERRORS[base] for base in type(failure).__mro__ if base in ERRORS)
    param = failure.name if isinstance(failure, BadField) else None
    headers: tuple[Header, ...] = ()
    if isinstance(failure, Busy):
        headers = ((b"retry-after", str(failure.retry_after_s).encode()),)
    message = "Incorrect API key provided." if isinstance(failure, NotSignedIn) else str(failure)
    return Fault(status, _INTERNAL if status == 500 else message, kind, param=param, code=code, headers=headers)


def failed(code: str, sentence: str) -> Fault:
    """How a turn that failed is said."""
    status = 502 if code == "model_down" else 500
    return Fault(status, sentence, "server_error", code=code)


def internal() -> Fault:
    """The answer to an error that nobody foresaw."""
    return Fault(500, _INTERNAL, "server_error")


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
