"""The OpenAI API: bytes in, the right operation, bytes out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from dbmedic.api import Api
from dbmedic.api.http import ClientGone, Head, Reply, Request
from dbmedic.api.openai import completions, models, respond
from dbmedic.api.openai.asking import signed_in
from dbmedic.api.openai.limits import limits
from dbmedic.api.openai.wire import HEADERS, PREFLIGHT, Fault, fault_of, internal, json_object, text
from dbmedic.api.openai_paths import openai
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import Failure, TooOften
from dbmedic.core.values import Caller

BODY_BYTES: Final = 8 << 20
"""Clients send the whole conversation with each question."""

Operation = Callable[[Assistant, Caller, dict[str, Any]], Awaitable[Reply | Stream]]
OPERATIONS: Final[tuple[tuple[str, str, re.Pattern[str], Operation], ...]] = (
    ("chat_completions", "POST", re.compile(r"/v1/chat/completions"), completions.create),
    ("responses", "POST", re.compile(r"/v1/responses"), respond.create),
    ("response_cancel", "POST", re.compile(r"/v1/responses/(?P<id>[^/]+)/cancel"), respond.cancel),
    ("response", "GET", re.compile(r"/v1/responses/(?P<id>[^/]+)"), respond.retrieve),
    ("models", "GET", re.compile(r"/v1/models"), models.list_),
    ("model", "GET", re.compile(r"/v1/models/(?P<id>.+)"), models.retrieve),
)


def claims(head: Head, fields: Mapping[str, str]) -> bool:  # noqa: ARG001 - as every API
    return openai(head)


def routes(assistant: Assistant) -> Api:
    async def handle(request: Request) -> Reply | Stream:
        head = request.head
        if head.method == "OPTIONS":
            request.operation = "preflight"
            return Reply(200, b"", (*HEADERS, *PREFLIGHT))
        try:
            return await _performed(assistant, request)
        except Fault as fault:
            return fault.reply()
        except ClientGone:
            raise
        except Failure as failure:
            return fault_of(failure).reply()

    return Api("openai", claims, handle, lambda: internal().reply())


async def _performed(assistant: Assistant, request: Request) -> Reply | Stream:
    head = request.head
    allowed = []
    for name, method, pattern, operation in OPERATIONS:
        if (place := pattern.fullmatch(head.path)) is None:
            continue
        if method != head.method:
            allowed.append(method)
            continue
        request.operation = name
        fields: dict[str, Any] = {}
        if method == "POST" and (body := await request.body(BODY_BYTES)):
            fields = json_object(body)
        user = text(fields, "safety_identifier") or text(fields, "user")
        caller = await signed_in(assistant, head.headers, user)
        request.key = caller.key
        try:
            return await operation(assistant, caller, {**fields, **place.groupdict()})
        except TooOften as refusal:
            fault = fault_of(refusal)
            fault.headers = (*fault.headers, *limits(assistant, caller))
            raise fault from refusal
    if allowed:
        allow = (b"allow", ", ".join(allowed).encode())
        raise Fault(405, f"Not allowed: {head.method} {head.path}.", headers=(allow,))
    raise Fault(404, f"Invalid URL ({head.method} {head.path})")
