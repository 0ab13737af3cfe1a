"""What every API says the same of our errors: the HTTP status, when to come back, and how to sign in.  Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from dbmedic.api.http import Header
from dbmedic.assistant.approvals import Decided
from dbmedic.core.errors import (
    BadAsk,
    Busy,
    Failure,
    Forbidden,
    ModelDown,
    NotFound,
    NotSignedIn,
    OutsideFailed,
    Overloaded,
    Refused,
    Timeout,
    TooLarge,
)

INTERNAL: Final = "dbmedic failed; its log has the details."
"""All that a client is told of an error of ours."""
STATUS: Final[dict[type[Failure], int]] = {
    BadAsk: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    Refused: 403,
    NotFound: 404,
    Timeout: 408,
    Decided: 409,
    TooLarge: 413,
    Busy: 429,
    Failure: 500,
    ModelDown: 502,
    OutsideFailed: 503,
    Overloaded: 503,
}


class Refusal(NamedTuple):
    """One of our errors, before an API puts it into its own envelope."""

    status: int
    message: str
    headers: tuple[Header, ...]


def refusal(failure: Failure) -> Refusal:
    """By the error's nearest class that has a status."""
    status = next(STATUS[base] for base in type(failure).__mro__ if base in STATUS)
    headers: tuple[Header, ...] = ()
    if isinstance(failure, Busy):
        headers = ((b"retry-after", str(failure.retry_after_s).encode()),)
    if status == 401:
        headers = ((b"www-authenticate", b'Bearer realm="dbmedic"'),)
    return Refusal(status, INTERNAL if status == 500 else str(failure), headers)


def preflight(methods: bytes) -> tuple[Header, ...]:
    """What a browser is told before it asks from another page: what counts is the key, which no page has by itself."""
    return (
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", b"*, authorization"),
        (b"access-control-max-age", b"600"),
    )
