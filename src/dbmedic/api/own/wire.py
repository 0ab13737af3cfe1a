"""The envelope of dbmedic's own API: keys, JSON bodies, and errors in our own words.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from dbmedic.api.http import Header, Reply
from dbmedic.api.refusal import INTERNAL, refusal
from dbmedic.core.errors import BadField, Bug, Failure, NotSignedIn

JSON: Final = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


def refused(failure: Failure) -> Reply:
    """How one of our errors is said here: its code, its sentence, and the field where there is one."""
    said = refusal(failure)
    field = failure.name if isinstance(failure, BadField) else None
    return error(said.status, failure.code, said.message, field=field, more=said.headers)


def error(status: int, code: str, message: str, *, field: str | None = None, more: tuple[Header, ...] = ()) -> Reply:
    said = {"code": code, "message": message} | ({"field": field} if field else {})
    return Reply(status, msgspec.json.encode({"error": said}), (*JSON, *more))


def internal() -> Reply:
    """The answer to an error that nobody foresaw."""
    return error(500, Bug.code, INTERNAL)


def secret(headers: Mapping[str, str]) -> str:
    """The key that a request shows.  Raises `NotSignedIn`."""
    scheme, _, found = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not found.strip():
        raise NotSignedIn("a key is needed: send it as `Authorization: Bearer KEY`")
    return found.strip()


def json_object(body: bytes) -> dict[str, Any]:
    """Raises `BadField("body")`."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise BadField("body", f"the body is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadField("body", "the body is a JSON object")
    return found


def reply(value: Any) -> Reply:
    return Reply(200, msgspec.json.encode(value), JSON)
