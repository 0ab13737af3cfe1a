"""What an operation of this API is made of, and how a request reaches it: key, user, fields, work, in this order.

Each file of `actions/` has a `ROUTE`, a pure `parse(asked)` and `async run(assistant, parsed, caller)`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs

import msgspec

from dbmedic.api.dify import actions, wire
from dbmedic.api.dify.frames import Error
from dbmedic.api.dify.keeping import KEPT_ERRORS, fault_of_keeping
from dbmedic.api.dify.wire import Fault, invalid
from dbmedic.api.http import BODY_BYTES, Reply, Request
from dbmedic.api.multipart import Form, Part, TooManyFiles, form
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import BadField, Busy, TooLarge
from dbmedic.core.values import Caller

_decode = msgspec.json.Decoder().decode
UPLOAD_BYTES = 101 << 20
"""Largest form: the largest file there may be, and what is around it."""
TEXT_BYTES = 16 << 20
"""Largest JSON body that holds a document."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_YES, _NO = ("true", "1", "on", "yes", "t", "y"), ("false", "0", "off", "no", "f", "n")


class Route(NamedTuple):
    """Where an operation is found and where its `user` is read."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Below `/v1`, with `{names}`."""
    user: Literal["body", "query", "form", None] = None
    """Where it is read; None: the operation is for the app as a whole."""
    user_required: bool = False
    keeps: Literal["app", "knowledge", "anyone"] = "app"
    """Whose keys may: an app's, those of keepers of knowledge, or nobody's, where the path is proof enough."""
    fields: Literal["body", "query", "form", None] = None
    """Where its fields are when that is not where `user` or the method says."""

    @property
    def reads(self) -> Literal["body", "query", "form"]:
        """Where its fields are."""
        return self.fields or self.user or ("body" if self.method in ("POST", "PUT", "PATCH") else "query")


class Asked(NamedTuple):
    """A request as an operation's `parse` sees it."""

    fields: Mapping[str, Any]
    """The JSON object of the body, or the query; query values that are empty count as absent."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    file: Part | None = None
    """The one file of a form; dropped after the operation unless it was kept."""
    repeated: Mapping[str, list[str]] = {}
    """All values of each query field."""
    base: str = ""
    """How the client reached the server: "http://host:port"."""


class Action(NamedTuple):
    name: str
    route: Route
    pattern: re.Pattern[str]
    parse: Callable[[Asked], Any]
    run: Callable[[Assistant, Any, Caller], Awaitable[Reply | Stream]]


@cache
def found() -> tuple[Action, ...]:
    """Every operation: each file of `actions/`, also by its older spellings (`ALSO`); those with fewer names first."""
    modules = [(name, import_module(f"{actions.__name__}.{name}")) for _, name, _ in iter_modules(actions.__path__)]
    named = [(name, module.ROUTE, module) for name, module in modules]
    for _, module in modules:
        named += [(name, route, module) for name, route in getattr(module, "ALSO", {}).items()]
    actions_ = [Action(name, route, _pattern(route.path), module.parse, module.run) for name, route, module in named]
    return tuple(sorted(actions_, key=lambda one: one.route.path.count("{")))


def chosen(method: str, path: str) -> tuple[Action, dict[str, str]]:
    """The operation for a path below `/v1` and the names in it; raises `Fault` 404 or 405."""
    allowed = set()
    for action in found():
        if place := action.pattern.fullmatch(path):
            if action.route.method == method or (method == "HEAD" and action.route.method == "GET"):
                return action, place.groupdict()
            allowed.add(action.route.method)
    if allowed:
        allow = (b"allow", ", ".join(sorted({*allowed, "OPTIONS"})).encode())
        raise Fault(405, "method_not_allowed", "The method is not allowed for the requested URL.", allow)
    raise Fault(404, "not_found", f"There is nothing at /v1{path}.")


async def performed(action: Action, path: dict[str, str], assistant: Assistant, request: Request) -> Reply | Stream:
    """Runs an operation; raises `Fault`, or one of our own errors."""
    request.operation = action.name
    headers = request.head.headers
    caller = await _signed_in(action.route, assistant, request)
    fields: Mapping[str, Any]
    file = None
    if action.route.reads == "form":
        fields, file = await _form(headers.get("content-type", ""), assistant, request)
    elif action.route.reads == "body":
        most = TEXT_BYTES if action.route.keeps == "knowledge" else BODY_BYTES
        body = await request.body(most)
        if len(body) > BODY_BYTES:
            fields = await asyncio.to_thread(json_object, headers.get("content-type", ""), body)
        else:
            fields = json_object(headers.get("content-type", ""), body)
    else:
        fields = {name: value for name, value in request.query.items() if value}
    try:
        if action.route.user is not None:
            user = _user(fields.get("user"), action.route.user_required)
            caller = msgspec.structs.replace(caller, end_user=user)
        query = request.raw[1].decode("utf-8", "replace")
        repeated = parse_qs(query, errors="replace") if query else {}
        base = f"{'https' if request.secure else 'http'}://{headers.get('host', 'localhost')}"
        asked = Asked(fields, path, request.query, headers, file, repeated, base)
        return await action.run(assistant, action.parse(asked), caller)
    except Busy as busy:
        raise wire.fault_of(busy, caller.app) from busy
    except KEPT_ERRORS as failure:
        raise fault_of_keeping(failure) from failure
    finally:
        if file is not None:
            await file.sink.drop()


async def _signed_in(route: Route, assistant: Assistant, request: Request) -> Caller:
    """Whose key it is; raises `Fault` for a key of the other kind."""
    if route.keeps == "anyone":
        return Caller(account="", user="", key="")
    caller = await assistant.keys.sign_in(wire.secret(request.head.headers.get("authorization")))
    request.key = caller.key
    if (caller.app is None) == (route.keeps == "app"):
        raise wire.unauthorized("Access token is invalid")
    if "ask" not in caller.rights:
        raise Fault(403, "forbidden", "The key lacks the right to ask.")
    return caller


async def _form(content_type: str, assistant: Assistant, request: Request) -> Form:
    try:
        return await form(request.pieces(UPLOAD_BYTES), content_type, assistant.files.incoming)
    except TooManyFiles as problem:
        raise Fault(400, "too_many_files", str(problem)) from None
    except BadField as problem:
        raise Fault(400, "bad_request", str(problem)) from None
    except TooLarge as problem:
        raise Fault(413, "file_too_large", f"File size exceeded. {problem}") from None


def json_object(content_type: str, body: bytes) -> dict[str, Any]:
    """The JSON object of a body; raises `Fault` 415 or 400."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        message = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
        raise Fault(415, "unsupported_media_type", message)
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Fault(400, "bad_request", f"The body is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise Fault(400, "bad_request", "The body must be a JSON object.")
    return value


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, wire.ascii_json(value), wire.JSON)


@cache
def broken() -> bytes:
    """What a reader hears of a stream that failed in the middle."""
    fault = wire.internal_fault()
    error = Error(fault.code, "Internal Server Error, please contact support.", fault.status)
    return b"data: " + msgspec.json.encode(error) + b"\n\n"


def nothing() -> Reply:
    """204: done, and there is nothing to say."""
    return Reply(204, b"", wire.JSON)


def path_id(asked: Asked, name: str) -> str:
    """A UUID of the path; any other text is a path that leads nowhere.  Raises `Fault` 404."""
    text = asked.path[name]
    if not _UUID.fullmatch(text):
        raise Fault(404, "not_found", f"{text!r} is no id.")
    return text.lower()


def text(fields: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    """A text field; "" when it is absent or null.  Raises `Fault` 400."""
    value = fields.get(name)
    if value is None:
        if required:
            raise invalid(f"{name}: Field required")
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name}: Input should be a string")
    return value


def boolean(value: Any, name: str) -> bool:
    """A boolean as this API reads it: also 1, "true", "off" …; raises `Fault` 400."""
    text = str(value).lower()
    if isinstance(value, bool | int | str) and text in (*_YES, *_NO):
        return text in _YES
    raise invalid(f"{name}: Input should be a valid boolean")


def page_size(fields: Mapping[str, Any]) -> int:
    """`limit` of a list: 1 to 100, 20 when absent; raises `Fault` 400."""
    return integer(fields, "limit", 20, most=100)


def integer(fields: Mapping[str, Any], name: str, default: int, *, most: int) -> int:
    """A whole number from 1 to `most` of a query; raises `Fault` 400."""
    value = fields.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not 1 <= int(value) <= most:
        raise invalid(f"{name}: Input should be an integer from 1 to {most}")
    return int(value)


def _user(value: Any, required: bool) -> str:
    if value is None or value == "":
        if required:
            raise invalid("Arg user must be provided.")
        return wire.DEFAULT_USER
    if not isinstance(value, str | int | float):
        raise invalid("user: Input should be a string")
    text = str(value)
    if len(text) > wire.USER_CHARS:
        raise invalid(f"user: {len(text)} characters, at most {wire.USER_CHARS}")
    return text


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
