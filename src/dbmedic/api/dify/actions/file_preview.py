"""`GET /files/{id}/preview`: the bytes of a file that was part of a message of the app."""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, path_id
from dbmedic.api.dify.wire import Fault
from dbmedic.api.download import Download, span
from dbmedic.assistant import Assistant
from dbmedic.assistant.files import StoredFile
from dbmedic.core.errors import Forbidden, NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/files/{file_id}/preview", user="query")
ACTIVE = ("html", "htm", "svg", "xml", "xhtml", "")
"""Extensions of what a browser might run: never shown in place."""


class Request(Struct, frozen=True):
    file: str
    attached: bool
    part: str | None
    """The `Range` that is asked for."""


def parse(asked: Asked) -> Request:
    attached = boolean(asked.fields.get("as_attachment", "false"), "as_attachment")
    return Request(path_id(asked, "file_id"), attached, asked.headers.get("range"))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Download:
    try:
        file, path = await assistant.files.sent(request.file, caller)
    except NotFound:
        raise Fault(404, "file_not_found", "The requested file was not found.") from None
    except Forbidden as refused:
        raise Fault(403, "file_access_denied", str(refused)) from None
    try:
        part = span(request.part, file.size)
    except ValueError:
        size = (b"content-range", f"bytes */{file.size}".encode())
        raise Fault(416, "range_not_satisfiable", f"The file has {file.size} bytes.", size) from None
    return Download(path, file.size, headers(file, attached=request.attached), part=part)


def headers(file: StoredFile, *, attached: bool) -> tuple[tuple[bytes, bytes], ...]:
    """What goes before the bytes; what a browser might run is always an attachment."""
    safe = (
        (b"cache-control", b"public, max-age=3600"),
        (b"accept-ranges", b"bytes"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"sandbox"),
    )
    if not attached and file.extension not in ACTIVE and "html" not in file.mime and file.mime.isascii():
        return (b"content-type", file.mime.encode()), *safe
    name = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    return (b"content-type", b"application/octet-stream"), (b"content-disposition", name.encode()), *safe
