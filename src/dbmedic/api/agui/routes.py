"""AG-UI: `POST /agui`, or `/agui/AGENT` for an agent of the account; a `RunAgentInput` in, a stream of events out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

from dbmedic.api import Api
from dbmedic.api.agui.asking import asked
from dbmedic.api.agui.running import asking, resuming
from dbmedic.api.agui.wire import HEADERS, PREFLIGHT, error, framed, internal, json_object, refused
from dbmedic.api.http import ClientGone, Head, Reply, Request
from dbmedic.api.refusal import INTERNAL
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import Failure, Forbidden, NotSignedIn
from dbmedic.core.values import Caller
from dbmedic.kit.sse import COMMENT

BODY_BYTES: Final = 8 << 20
"""Clients send the whole conversation with each question."""
_PATH: Final = re.compile(r"/agui(?:/([^/]*))?")
_BROKEN: Final = framed({"type": "RUN_ERROR", "message": INTERNAL, "code": "bug"})


def claims(head: Head, fields: Mapping[str, str]) -> bool:  # noqa: ARG001 - as every API
    return head.form is None and _PATH.fullmatch(head.path) is not None


def routes(assistant: Assistant) -> Api:
    async def handle(request: Request) -> Reply | Stream:
        if request.head.method == "OPTIONS":
            request.operation = "preflight"
            return Reply(200, b"", (*HEADERS, *PREFLIGHT))
        request.operation = "run"
        try:
            return await _run(assistant, request)
        except ClientGone:
            raise
        except Failure as failure:
            return refused(failure)

    return Api("agui", claims, handle, internal)


async def _run(assistant: Assistant, request: Request) -> Reply | Stream:
    head, place = request.head, _PATH.fullmatch(request.head.path)
    assert place is not None
    if head.method != "POST":
        return error(405, "method_not_allowed", "POST a RunAgentInput.", ((b"allow", b"POST, OPTIONS"),))
    caller = await _signed_in(assistant, head.headers)
    request.key = caller.key
    run = asked(json_object(await request.body(BODY_BYTES)))
    if run.resume:
        events = await resuming(assistant, caller, run)
    else:
        if "ask" not in caller.rights:
            raise Forbidden(f"key {caller.key} lacks the right to ask")
        events = await asking(assistant, caller, run, unquote(place[1]) if place[1] else None)
    return Stream(events, headers=HEADERS, ping=COMMENT, broken=_BROKEN)


async def _signed_in(assistant: Assistant, headers: Mapping[str, str]) -> Caller:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotSignedIn("a key is needed: send it as `Authorization: Bearer KEY`")
    caller = await assistant.keys.sign_in(secret.strip())
    return caller if caller.app is None else msgspec.structs.replace(caller, end_user="agui")
