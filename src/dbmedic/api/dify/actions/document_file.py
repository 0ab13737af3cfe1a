"""`GET /datasets/downloads/{ticket}`: the file that such an address leads to; no key is asked for."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.actions.file_preview import headers
from dbmedic.api.dify.wire import Fault
from dbmedic.api.download import Download, span
from dbmedic.assistant import Assistant
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/downloads/{ticket}", keeps="anyone")


def parse(asked: Asked) -> tuple[str, str | None]:
    """What the address ends in, and the part that is asked for."""
    return asked.path["ticket"], asked.headers.get("range")


async def run(assistant: Assistant, request: tuple[str, str | None], _: Caller) -> Download:
    try:
        file, path = await assistant.knowledge.documents.ticketed(request[0])
    except BadField as problem:
        raise Fault(403, "forbidden", str(problem)) from None
    except NotFound:
        raise Fault(404, "not_found", "Uploaded file not found.") from None
    try:
        part = span(request[1], file.size)
    except ValueError:
        size = (b"content-range", f"bytes */{file.size}".encode())
        raise Fault(416, "range_not_satisfiable", f"The file has {file.size} bytes.", size) from None
    return Download(path, file.size, headers(file, attached=True), part=part)
