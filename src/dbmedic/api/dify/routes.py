"""The Dify app API: bytes in, the right operation, bytes out.  Everything below `/v1` that no one else signs."""

from __future__ import annotations

from collections.abc import Mapping

from dbmedic import __version__
from dbmedic.api import Api
from dbmedic.api.aliyun import product
from dbmedic.api.dify import wire
from dbmedic.api.dify.action import chosen, json_reply, performed
from dbmedic.api.dify.document import DOCUMENT, document
from dbmedic.api.dify.wire import JSON, Fault, fault_of
from dbmedic.api.http import ClientGone, Head, Reply, Request
from dbmedic.api.openai_paths import openai
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import Failure

WELCOME = {"welcome": "Dify OpenAPI", "api_version": "v1", "server_version": __version__}


def claims(head: Head, fields: Mapping[str, str]) -> bool:
    """Below `/v1`, and not a call of an Alibaba Cloud product, which shares one path."""
    return (
        head.form is None
        and (head.path in ("/v1", DOCUMENT) or head.path.startswith("/v1/"))
        and product(head, fields) is None
        and not openai(head)
    )


def routes(assistant: Assistant) -> Api:
    async def handle(request: Request) -> Reply | Stream:
        head = request.head
        path = head.path.removeprefix("/v1") or "/"
        if head.method == "OPTIONS":
            request.operation = "preflight"
            return Reply(200, b"", (*wire.HEADERS, *wire.PREFLIGHT))
        try:
            if path == "/" and head.method in ("GET", "HEAD"):
                request.operation = "welcome"
                return _with_headers(json_reply(WELCOME))
            if path == DOCUMENT and head.method in ("GET", "HEAD"):
                request.operation = "openapi"
                return _with_headers(Reply(200, document(), JSON))
            action, names = chosen(head.method, path)
            return _with_headers(await performed(action, names, assistant, request))
        except Fault as fault:
            return _reply(fault)
        except ClientGone:
            raise
        except Failure as failure:
            return _reply(fault_of(failure))

    return Api("dify", claims, handle, lambda: _reply(wire.internal_fault()))


def _reply(fault: Fault) -> Reply:
    return Reply(fault.status, fault.body(), (*JSON, *fault.headers, *wire.HEADERS))


def _with_headers(answer: Reply | Stream) -> Reply | Stream:
    if isinstance(answer, Reply):
        return answer._replace(headers=(*answer.headers, *wire.HEADERS))
    answer.headers = (*answer.headers, *wire.HEADERS)
    return answer
