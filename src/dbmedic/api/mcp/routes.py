"""MCP over streamable HTTP, at /mcp: without sessions, one JSON answer to each message.

The guard of the `mcp` package against DNS rebinding knows local names only; here every request needs a key instead,
which a page in somebody's browser does not have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import msgspec

from dbmedic.api import Api
from dbmedic.api.http import ClientGone, Head, Reply, Request
from dbmedic.api.mcp.wire import HEADERS, PREFLIGHT, error, internal, refused
from dbmedic.assistant import Assistant
from dbmedic.core.errors import Failure, NotSignedIn
from dbmedic.core.values import Caller

PATHS: Final = ("/mcp", "/mcp/")
BODY_BYTES: Final = 4 << 20
USER: Final = "mcp"
"""The end user as whom the keys of an app act here."""


def claims(head: Head, fields: Mapping[str, str]) -> bool:  # noqa: ARG001 - as every API
    return head.form is None and head.path in PATHS


def routes(assistant: Assistant) -> Api:
    loading = asyncio.Lock()
    served: list[Any] = []

    async def handle(request: Request) -> Reply:
        request.operation = "mcp"
        if request.head.method == "OPTIONS":
            return Reply(200, b"", (*HEADERS, *PREFLIGHT))
        try:
            caller = await signed_in(assistant, request.head.headers)
            request.key = caller.key
            if request.head.method != "POST":  # GET would open a stream that nothing is sent on
                return error(405, -32000, "POST only: this server keeps no session.", ((b"allow", b"POST, OPTIONS"),))
            body = await request.body(BODY_BYTES)
            async with loading:
                if not served:
                    serving = await asyncio.to_thread(import_module, "dbmedic.api.mcp.serving")
                    served.append(serving.Served(assistant))
            reply: Reply = await served[0].answer(request.raw[2], body, caller)
        except ClientGone:
            raise
        except Failure as failure:
            return refused(failure)
        return reply

    return Api("mcp", claims, handle, internal)


async def signed_in(assistant: Assistant, headers: Mapping[str, str]) -> Caller:
    """Who calls.  Raises `NotSignedIn`."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotSignedIn("a key is needed: send it as `Authorization: Bearer KEY`")
    caller = await assistant.keys.sign_in(secret.strip())
    return caller if caller.app is None else msgspec.structs.replace(caller, end_user=USER)
