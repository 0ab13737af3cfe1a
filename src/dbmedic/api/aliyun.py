"""Which product, action and parameters an Alibaba Cloud request means, and in which form it wants its answer.

Pure.  Three products share `POST /` and one signing scheme; Dify shares `/v1/chat-messages` with one of them.  Who
signed is in `signature.py`, how single parameters are read in `aliyun_fields.py`, what is sent in `aliyun_reply.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import msgspec

from dbmedic.api.aliyun_reply import Fault
from dbmedic.api.canonical import FORM, Pair, Request, form_pairs, header, pairs
from dbmedic.api.http import Head, prefix

Product: TypeAlias = Literal["rdsai", "polardb", "das"]
Form: TypeAlias = Literal["sse", "json"]

VERSIONS: dict[str, Product] = {"2025-05-07": "rdsai", "2017-08-01": "polardb", "2020-01-16": "das"}
PATHS: dict[str, tuple[str, str]] = {
    "/": ("", ""),
    "/v1/chat-messages": ("ChatMessages", "2025-05-07"),
    "/chat": ("Chat", "2020-01-16"),
    "/agent": ("GetYaoChiAgent", "2020-01-16"),
    "/getDasAgentSSE": ("GetDasAgentSSE", "2020-01-16"),
}
"""Documented path -> the action and version that it means where the request names none."""
RAM_SERVICES: dict[Product, tuple[str, ...]] = {"rdsai": ("rdsai",), "polardb": ("polardb",), "das": ("hdm", "das")}
"""Prefixes of RAM actions; the first is the documented one."""

MAX_BODY_BYTES = 4 * 1024 * 1024

_MARKS = frozenset(("Action", "Signature", "AccessKeyId", "BearerToken"))


class Envelope(NamedTuple):
    """What a request asks for.  Blank where it does not say."""

    action: str
    version: str


def route(raw: bytes) -> tuple[Form | None, str]:
    """The prefix of a path that chooses the answer's form, and the path without it and without a slash at the end."""
    form, path = prefix(raw.decode("utf-8", "replace"))
    return cast("Form | None", form), path.rstrip("/") or "/"


def envelope(request: Request, form: str) -> Envelope:
    """Action and version: a signed header, else a parameter, else what the path stands for.

    Under RPC V1 (`form` "rpc") only parameters are signed, so headers do not count.
    """
    default_action, default_version = PATHS.get(route(request.path)[1], ("", ""))
    headers = () if form == "rpc" else request.headers
    action, version = header(headers, b"x-acs-action"), header(headers, b"x-acs-version")
    named = {} if action and version else dict(pairs(request.query) + form_pairs(request))
    return Envelope(
        action or named.get(b"Action", b"").decode("utf-8", "replace") or default_action,
        version or named.get(b"Version", b"").decode("utf-8", "replace") or default_version,
    )


# -- whose request is this? -------------------------------------------------------------------------------------


def product(head: Head, fields: Mapping[str, str]) -> Product | None:
    """The product that a request is for, by its head and its query; None when it is not Alibaba Cloud's at all.

    What the head leaves open (a version nobody serves, or one that only the body names) is RDS AI's; the gate looks
    again when the body is there.
    """
    path = head.path.rstrip("/") or "/"
    if path not in PATHS or head.method not in ("GET", "POST") or not _ours(head, path, fields):
        return None
    version = head.headers.get("x-acs-version") or fields.get("Version") or PATHS[path][1]
    return VERSIONS.get(version, "rdsai")


def _ours(head: Head, path: str, fields: Mapping[str, str]) -> bool:
    if marked(head, fields):
        return True
    if path == "/v1/chat-messages":
        bearer = head.headers.get("authorization", "").lower().startswith("bearer ")
        return not bearer and "Query" in fields and "query" not in fields
    return head.method == "POST" or head.form is not None


def marked(head: Head, fields: Mapping[str, str]) -> bool:
    """Whether the request names an action, a credential or a header of Alibaba Cloud's, right or wrong."""
    authorization = head.headers.get("authorization", "")
    return (
        authorization.startswith(("ACS3-", "acs "))
        or " x-acs-" in " ".join(("", *head.headers))
        or not _MARKS.isdisjoint(fields)
    )


# -- parameters -------------------------------------------------------------------------------------------------


def parameters(request: Request, form: str) -> dict[str, Any]:
    """Query, form and JSON body merged, the body winning; texts, or what JSON says.

    Raises `Fault` for a name that comes twice in one place, for text that is not UTF-8, and for a body that is
    neither a form nor a JSON object.
    """
    found = _texts(pairs(request.query))
    if not request.body:
        return found
    kind = (header(request.headers, b"content-type") or "").lower()
    if kind.startswith(FORM):
        return found | _texts(form_pairs(request))
    if not _is_json(request) or form == "rpc":
        raise Fault("InvalidParameter", "the body must be a form or JSON, and its content-type must say so")
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault("InvalidParameter", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Fault("InvalidParameter", "the body must be a JSON object")
    return found | body


def _is_json(request: Request) -> bool:
    return (header(request.headers, b"content-type") or "").lower().startswith("application/json")


def _texts(found: list[Pair]) -> dict[str, Any]:
    texts: dict[str, Any] = {}
    for raw_name, raw_value in found:
        try:
            name, value = raw_name.decode(), raw_value.decode()
        except UnicodeDecodeError:
            raise Fault("InvalidParameter", "a parameter is not UTF-8 text") from None
        if name in texts:
            raise Fault("InvalidParameter", f"{name[:64]} is given twice")
        texts[name] = value
    return texts


# -- the form of the answer -------------------------------------------------------------------------------------


def answer_form(request: Request, form: str, default: Form) -> Form:
    """Stream or one object, for an operation that has both: its SDK calls look the same on the wire.

    In this order: the path's prefix; `Accept`; old signatures and old SDKs, which cannot stream; `default`.
    """
    chosen, _ = route(request.path)
    if chosen is not None:
        return chosen
    if "text/event-stream" in (header(request.headers, b"accept") or "").lower():
        return "sse"
    agent = header(request.headers, b"user-agent") or ""
    if form in ("rpc", "roa") or ("Python/" in agent and "TeaDSL/1" in agent):
        return "json"
    return default
