"""`GET /datasets/downloads/{ticket}`: the file that such an address leads to; no key is asked for."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.actions.file_preview import headers
from dbmedic.api.dify.wire import Fault
from dbmedic.api.download import Download
from dbmedic.assistant import Assistant
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/downloads/{ticket}", keeps="anyone")


def parse(asked: Asked) -> str:
    """What the address ends in."""
    return asked.path["ticket"]


async def run(assistant: Assistant, ticket: str, _: Caller) -> Download:
    try:
        file, path = await assistant.knowledge.documents.ticketed(ticket)
    except BadField as problem:
        raise Fault(403, "forbidden", str(problem)) from None
    except NotFound:
        raise Fault(404, "not_found", "Uploaded file not found.") from None
    return Download(path, file.size, headers(file, attached=True))
