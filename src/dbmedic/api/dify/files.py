"""The files that a question names: uploaded before, or fetched now; and how a message shows them."""

from __future__ import annotations

from typing import Any, NamedTuple

from dbmedic.api.dify.wire import invalid
from dbmedic.assistant import Assistant
from dbmedic.assistant.fetching import fetch
from dbmedic.assistant.files import KINDS, MOST, SEEN, StoredFile
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller
from dbmedic.kit.extract import READABLE

TYPES = (*KINDS, "custom")


class Named(NamedTuple):
    """An item of `files`: one of the two is not None."""

    upload: str | None
    url: str | None


def named_files(value: Any) -> tuple[Named, ...]:
    """Raises `Fault` 400 for the first item that is wrong."""
    if not isinstance(value, list | None):
        raise invalid("files: Input should be a list")
    found = []
    for item in value or ():
        if not isinstance(item, dict) or item.get("type") not in TYPES:
            raise invalid(f"files: each item is an object with a type of {', '.join(TYPES)}")
        match item.get("transfer_method"):
            case "local_file":
                if not isinstance(item.get("upload_file_id"), str) or not item["upload_file_id"]:
                    raise invalid("Invalid upload file")
                found.append(Named(item["upload_file_id"], None))
            case "remote_url":
                url = item.get("url") or item.get("remote_url")
                if not isinstance(url, str) or not url.startswith(("http://", "https://")):
                    raise invalid("Invalid file url")
                found.append(Named(None, url))
            case _:
                raise invalid("files: transfer_method should be 'local_file' or 'remote_url'")
    if len(found) > MOST:
        raise invalid(f"Number of files exceeds the maximum limit {MOST}")
    return tuple(found)


async def taken(assistant: Assistant, named: tuple[Named, ...], caller: Caller) -> tuple[str, ...]:
    """Ids of the files, each of which was read; raises `Fault` or `BadField` 400 for one that cannot be."""
    ids = []
    for one in named:
        file = await _uploaded(assistant, one.upload, caller) if one.upload else None
        file = file or await _fetched(assistant, one.url or "", caller)
        if file.extension not in SEEN and file.extension not in READABLE:
            raise invalid(f"File validation failed for file: {file.name}")
        if file.extension in READABLE:
            await assistant.files.text(file)
        ids.append(file.id)
    return tuple(ids)


def shown(file: StoredFile) -> dict[str, Any]:
    """An entry of `message_files`."""
    return {
        "id": file.id,
        "filename": file.name,
        "type": file.kind,
        "url": None,
        "mime_type": file.mime,
        "size": file.size,
        "transfer_method": "local_file",
        "belongs_to": "user",
        "upload_file_id": file.id,
    }


async def _uploaded(assistant: Assistant, id: str, caller: Caller) -> StoredFile:
    try:
        return await assistant.files.own(id.lower(), caller)
    except NotFound:
        raise invalid("Invalid upload file") from None


async def _fetched(assistant: Assistant, url: str, caller: Caller) -> StoredFile:
    sink = await assistant.files.incoming()
    try:
        fetched = await fetch(url, sink)
        return await assistant.files.keep(sink, caller, fetched.name, fetched.mime)
    finally:
        await sink.drop()
