"""`POST /files/upload`: keeps a file for the user, to be named in a later question."""

from __future__ import annotations

from typing import Any

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.wire import Fault, end_user_id, owner_id
from dbmedic.api.http import Reply
from dbmedic.api.multipart import Part
from dbmedic.assistant import Assistant
from dbmedic.assistant.files import Incoming, StoredFile
from dbmedic.core.errors import BadField, TooLarge
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/files/upload", user="form")


def parse(asked: Asked) -> Part:
    """The file; raises `Fault` when there is none, or it lacks a name or a type."""
    file = asked.file
    if file is None or file.field != "file":
        raise Fault(400, "no_file_uploaded", "Please upload your file.")
    if not file.name:
        raise Fault(400, "filename_not_exists_error", "The specified filename does not exist.")
    if not file.mime:
        raise Fault(415, "unsupported_file_type", "File type not allowed.")
    return file


async def run(assistant: Assistant, part: Part, caller: Caller) -> Reply:
    assert isinstance(part.sink, Incoming)
    try:
        file = await assistant.files.keep(part.sink, caller, part.name, part.mime)
    except TooLarge as problem:
        raise Fault(413, "file_too_large", f"File size exceeded. {problem}") from None
    except BadField as problem:
        if problem.name == "file":
            raise Fault(415, "unsupported_file_type", f"File type not allowed. {problem}") from None
        raise
    await assistant.people.seen(caller, end_user_id(caller))
    return json_reply(shown(file, caller), 201)


def shown(file: StoredFile, caller: Caller) -> dict[str, Any]:
    """The file as its uploader sees it."""
    return {
        "id": file.id,
        "reference": None,
        "name": file.name,
        "size": file.size,
        "extension": file.extension,
        "mime_type": file.mime,
        "created_by": owner_id(caller.account, file.owner),
        "created_at": int(file.created_at.timestamp()),
        "preview_url": None,
        "source_url": None,
        "original_url": None,
        "user_id": None,
        "tenant_id": None,
        "conversation_id": None,
        "file_key": None,
    }
