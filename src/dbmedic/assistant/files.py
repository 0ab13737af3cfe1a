"""Uploaded files: streamed to disk under an id of ours, owned by whoever sent them, read as text when a turn wants it.

A name that a client gives is only ever shown, never used as a path.
"""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

import msgspec
from anyio.to_thread import run_sync
from msgspec import Struct

from dbmedic.assistant.places import Places
from dbmedic.core.errors import BadField, Forbidden, NotFound, StoreFull, TooLarge
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Bucket, NewId, Now, Store
from dbmedic.core.values import Attachment, Caller, Question, Row
from dbmedic.kit.extract import READABLE, Unreadable, lies, text_of, whole_text
from dbmedic.kit.extract.plain import plain_text

Kind: TypeAlias = Literal["image", "document", "audio", "video", "custom"]
MB: Final = 1 << 20
KINDS: Final[dict[Kind, tuple[str, ...]]] = {
    "image": ("jpg", "jpeg", "png", "webp", "gif", "svg"),
    "audio": ("mp3", "m4a", "wav", "amr", "mpga"),
    "video": ("mp4", "mov", "mpeg", "webm"),
    "document": (*sorted(READABLE), "doc", "xls", "ppt", "pptx", "eml", "msg", "epub"),
}
LIMITS: Final[dict[Kind, int]] = {
    "image": 10 * MB, "audio": 50 * MB, "video": 100 * MB, "document": 15 * MB, "custom": 15 * MB,
}  # fmt: skip
NAME_CHARS: Final = 200
SEEN: Final = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp", "gif": "gif"}
"""Extensions of images that a model may be shown, and their kinds."""
IMAGES_BYTES: Final = 12 * MB
"""Of all images of a conversation that a model is shown, the newest first."""
TOO_LARGE: Final = "(This image was not shown to the model: the images of this conversation are too large together.)"
MOST: Final = 10
"""Files of one question."""
WHOLE_CHARS: Final = 10_000_000
"""Longest text of a document of the knowledge base."""
BUFFER: Final = 1 << 18
HEAD: Final = 4096


class StoredFile(Struct, frozen=True, kw_only=True):
    """A file as it may be shown."""

    id: str
    owner: str
    name: str
    extension: str
    """Lower case, without the dot."""
    mime: str
    kind: Kind
    size: int
    created_at: datetime


class Incoming:
    """A file that is arriving: bytes go to disk as they come.  `drop` it unless it was kept."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self._file = path, file
        self._parts: list[bytes] = []
        self._waiting = 0
        self.size = 0
        self.head = b""

    async def write(self, data: bytes) -> None:
        """Raises `TooLarge` over the largest limit there is, and `StoreFull`."""
        self.size += len(data)
        if self.size > max(LIMITS.values()):
            raise TooLarge("file", self.size, max(LIMITS.values()))
        if len(self.head) < HEAD:
            self.head = (self.head + data)[:HEAD]
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting >= BUFFER:
            await self._flush()

    async def done(self) -> None:
        """All bytes are there."""
        await self._flush()
        await run_sync(self._file.close)

    async def drop(self) -> None:
        """Removes what came; nothing when it was kept."""
        await run_sync(_remove, self._file, self.path)

    async def _flush(self) -> None:
        data, self._parts, self._waiting = b"".join(self._parts), [], 0
        try:
            await run_sync(self._file.write, data)
        except OSError as error:
            raise StoreFull(f"the file cannot be kept: {error.strerror}") from error


class Files:
    def __init__(
        self,
        store: Store,
        folder: Path | None,
        *,
        now: Now,
        new_id: NewId,
        quota_bytes: int = 1 << 30,
        bucket: Bucket | None = None,
    ) -> None:
        """`folder` exists; None keeps files in a temporary one until `close`.  `quota_bytes`: of one owner.

        With a bucket the bytes are there, and the folder holds what was used lately.
        """
        self._quota = quota_bytes
        self._store, self._now, self._new_id = store, now, new_id
        self._temporary = None if folder is not None else tempfile.TemporaryDirectory(prefix="dbmedic-files-")
        self._folder = folder if folder is not None else Path(self._temporary.name) if self._temporary else Path()
        self._places = Places(self._folder, bucket)

    async def recover(self) -> int:
        """Removes what a crash left of files that were arriving; returns how many.  Nothing may arrive meanwhile."""
        return await run_sync(_swept, self._folder)

    async def close(self) -> None:
        """Removes what was only kept for now."""
        await self._places.close()
        if self._temporary is not None:
            await run_sync(self._temporary.cleanup)

    # -- in ---------------------------------------------------------------------------------------------------------

    async def incoming(self) -> Incoming:
        """Where the bytes of a new file go."""
        path = self._folder / f"{self._new_id()}.part"
        try:
            return Incoming(path, await run_sync(_opened, path))
        except OSError as error:
            raise StoreFull(f"no file can be made in {self._folder}: {error.strerror}") from error

    async def keep(self, incoming: Incoming, caller: Caller, name: str, mime: str) -> StoredFile:
        """Makes it a file of the caller's.

        Raises `BadField("name")`, `TooLarge` for its kind or with all that the owner has, `BadField("file")` when it is
        not what its name says.
        """
        name, extension = shown_name(name)
        kind = kind_of(extension)
        await incoming.done()
        if incoming.size > LIMITS[kind]:
            raise TooLarge(name, incoming.size, LIMITS[kind])
        (kept,) = await self._store.read("files_size_of", account=caller.account, owner=caller.owner)
        if kept["size"] + incoming.size > self._quota:
            raise TooLarge("all files of this user together", kept["size"] + incoming.size, self._quota)
        if (why := lies(extension, incoming.head)) is not None:
            raise BadField("file", f"{name}: {why}")
        id = self._new_id()
        row = {
            "id": id,
            "account": caller.account,
            "app": caller.app,
            "owner": caller.owner,
            "name": name,
            "extension": extension,
            "mime": mime,
            "kind": kind,
            "size": incoming.size,
            "now": micros(self._now()),
        }
        await self._places.keep(id, incoming.path)
        await self._store.write(("file_put", row))
        return _stored((await self._row(id)) or row)

    # -- out --------------------------------------------------------------------------------------------------------

    async def own(self, id: str, caller: Caller) -> StoredFile:
        """A file that the caller uploaded.  Raises `NotFound("file")`, for somebody else's as for an unknown one."""
        row = await self._row(id)
        if row is None or row["owner"] != caller.owner or row["account"] != caller.account:
            raise NotFound("file", id)
        return _stored(row)

    async def sent(self, id: str, caller: Caller) -> tuple[StoredFile, Path]:
        """A file of the caller's app that was part of a message, and where its bytes are.

        Raises `NotFound("file")` when there is none or it was never sent, `Forbidden` when it is another app's.
        """
        row = await self._row(id)
        if row is None or not await self._store.read("file_was_sent", file=id):
            raise NotFound("file", id)
        if row["account"] != caller.account or row["app"] != caller.app:
            raise Forbidden("Access to the requested file is denied.")
        return _stored(row), await self._places.here(id)

    async def of(self, turns: Sequence[str]) -> dict[str, list[StoredFile]]:
        """Turn -> the files it was asked with."""
        found: dict[str, list[StoredFile]] = {}
        for row in await self._store.read("files_of_turns", turns=msgspec.json.encode(turns).decode()):
            found.setdefault(row["turn"], []).append(_stored(row))
        return found

    async def text(self, file: StoredFile) -> str:
        """What a document says; read once, then kept beside it.  Raises `BadField("files")`."""
        kept = self._folder / f"{file.id}.txt"
        if await run_sync(kept.exists):
            return await run_sync(plain_text, kept)
        try:
            text = await text_of(await self._places.here(file.id), file.extension)
        except (Unreadable, OSError) as why:
            raise BadField("files", f"File validation failed for file: {file.name}: {why}") from None
        await run_sync(_write, kept, text)
        return text

    async def whole(self, id: str) -> str:
        """All that a document says, for the knowledge base.  Raises `BadField("file")` that says why there is none."""
        row = await self._row(id)
        if row is None:
            raise BadField("file", "the file is gone; upload it again")
        try:
            return await whole_text(await self._places.here(id), row["extension"], WHOLE_CHARS)
        except (Unreadable, OSError) as why:
            raise BadField("file", f"{row['name']}: {why}") from None

    async def place(self, id: str, account: str) -> tuple[StoredFile, Path]:
        """A file of the account's and where its bytes are.  Raises `NotFound("file")`."""
        row = await self._row(id)
        if row is None or row["account"] != account:
            raise NotFound("file", id)
        return _stored(row), await self._places.here(id)

    async def remove(self, id: str) -> None:
        """A file that nobody was sent goes; what a bucket holds of it is the bucket's to expire."""
        (gone,) = await self._store.write(("file_delete", {"file": id}))
        if gone:
            for path in (self._folder / id, self._folder / f"{id}.txt"):
                await run_sync(_unlinked, path)

    async def attached(self, question: Question) -> tuple[Attachment, ...]:
        """A question's files, then those of the questions before it; a file that is gone is left out."""
        found: list[Attachment] = []
        room = IMAGES_BYTES
        for file, earlier in await self._of_conversation(question):
            with contextlib.suppress(OSError, BadField):
                url, text = "", TOO_LARGE
                if file.extension not in SEEN:
                    text = await self.text(file)
                elif file.size <= room:
                    url, text, room = await self._url(file), "", room - file.size
                found.append(Attachment(name=file.name, text=text, image=url, earlier=earlier))
        return tuple(found)

    async def _of_conversation(self, question: Question) -> list[tuple[StoredFile, bool]]:
        """(file, whether it came earlier), the question's own first."""
        found: list[tuple[StoredFile, bool]] = []
        for id in question.files:
            with contextlib.suppress(NotFound):
                found.append((await self.own(id, question.caller), False))
        if question.conversation is not None and len(found) < MOST:
            caller = question.caller
            rows = await self._store.read(
                "files_of_conversation",
                conversation=question.conversation,
                account=caller.account,
                owner=caller.owner,
                limit=MOST,
            )
            found += [(_stored(row), True) for row in rows if row["id"] not in question.files]
        return found[:MOST]

    async def _url(self, file: StoredFile) -> str:
        """An image as a `data:` URL."""
        data = await run_sync((await self._places.here(file.id)).read_bytes)
        return f"data:image/{SEEN[file.extension]};base64,{base64.b64encode(data).decode()}"

    async def send(self, files: Sequence[str], turn: str) -> None:
        """From now on the files are part of a message."""
        await self._store.write(*(("file_sent", {"file": file, "turn": turn}) for file in files))

    async def _row(self, id: str) -> Row | None:
        rows = await self._store.read("file_get", id=id)
        return rows[0] if rows else None


def shown_name(name: str) -> tuple[str, str]:
    """(a name to show, its extension in lower case); raises `BadField("name")` for a path.  Pure."""
    name = "".join(char for char in name if char.isprintable()).strip()
    if not name:
        raise BadField("name", "The specified filename does not exist.")
    if "/" in name or "\\" in name:
        raise BadField("name", "Filename contains invalid characters")
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension) > 20:
        return name[:NAME_CHARS], ""
    return f"{stem[: NAME_CHARS - len(extension) - 1]}.{extension}", extension.lower()


def kind_of(extension: str) -> Kind:
    """What the interface of a file is called by its extension.  Pure."""
    return next((kind for kind, extensions in KINDS.items() if extension in extensions), "custom")


def _stored(row: Row) -> StoredFile:
    return StoredFile(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        extension=row["extension"],
        mime=row["mime"],
        kind=row["kind"],
        size=row["size"],
        created_at=moment(row["created_at"] if "created_at" in row else row["now"]),
    )


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _remove(file: IO[bytes], path: Path) -> None:
    file.close()
    path.unlink(missing_ok=True)


def _swept(folder: Path) -> int:
    left = list(folder.glob("*.part"))
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _unlinked(path: Path) -> None:
    path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
