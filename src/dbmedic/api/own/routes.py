"""dbmedic's own API, below /dbmedic/v1: bytes in, the right operation, bytes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dbmedic.api import Api
from dbmedic.api.http import ClientGone, Head, Reply, Request
from dbmedic.api.own import approvals
from dbmedic.api.own.wire import error, internal, refused, reply, secret
from dbmedic.assistant import Assistant
from dbmedic.core.errors import Failure

PREFIX: Final = "/dbmedic/v1/"
BODY_BYTES: Final = 64 << 10
_LIST: Final = f"{PREFIX}approvals"
_ONE: Final = re.compile(rf"{PREFIX}approvals/([^/]+)")


def claims(head: Head, fields: Mapping[str, str]) -> bool:  # noqa: ARG001 - as every API
    return head.form is None and head.path.startswith(PREFIX)


def routes(assistant: Assistant) -> Api:
    async def handle(request: Request) -> Reply:
        try:
            return await _performed(assistant, request)
        except ClientGone:
            raise
        except Failure as failure:
            return refused(failure)

    return Api("own", claims, handle, internal)


async def _performed(assistant: Assistant, request: Request) -> Reply:
    head = request.head
    caller = await assistant.keys.sign_in(secret(head.headers))
    request.key = caller.key
    if head.path == _LIST and head.method == "GET":
        request.operation = "approvals"
        return reply(await approvals.listed(assistant, caller, request.query))
    if place := _ONE.fullmatch(head.path):
        if head.method == "GET":
            request.operation = "approval"
            return reply(await approvals.one(assistant, caller, place[1]))
        if head.method == "POST":
            request.operation = "approval_decide"
            return reply(await approvals.decide(assistant, caller, place[1], await request.body(BODY_BYTES)))
    if head.path == _LIST or place:
        allow = b"GET" if head.path == _LIST else b"GET, POST"
        return error(
            405, "method_not_allowed", f"{head.method} is not for {head.path[:200]}", more=((b"allow", allow),)
        )
    return error(404, "not_found", f"there is nothing at {head.path[:200]}; approvals are at {_LIST}")
