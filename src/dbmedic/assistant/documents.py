"""Documents of a dataset as their keepers see them: added, replaced, listed, switched on and off, removed."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from anyio.to_thread import run_sync

from dbmedic.assistant.files import Files, Incoming, StoredFile
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import BadField, NotFound, OutsideFailed, Refused
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller, Row
from dbmedic.kit.extract import READABLE
from dbmedic.knowledge.kept import Dataset, Document, document_of, json_text
from dbmedic.knowledge.library import Library

MOST: Final = 10_000
"""Documents of one dataset."""
BUSY: Final = ("parsing", "splitting", "indexing")
TICKET_S: Final = 3600
TICKET: Final = "documents.file"
Switch = Literal["enable", "disable", "archive", "un_archive"]


class Archived(Refused):
    """An archived document is not changed."""


class Indexing(BadField):
    """The document is being indexed."""


class Documents:
    def __init__(self, store: Store, library: Library, files: Files, secrets: Secrets, *, now: Now) -> None:
        self._store, self._library, self._files, self._now = store, library, files, now
        self._secrets = secrets

    # -- in ---------------------------------------------------------------------------------------------------------

    async def upload(self, caller: Caller, incoming: Incoming, name: str, mime: str) -> StoredFile:
        """Keeps a file that can be read as text.  Raises `BadField("file")` for any other, and as `Files.keep`."""
        file = await self._files.keep(incoming, caller, name, mime)
        if file.extension not in READABLE:
            raise BadField("file", f"{file.name}: only {', '.join(sorted(READABLE))} can be read")
        return file

    async def create(
        self,
        dataset: Dataset,
        name: str,
        text: str = "",
        *,
        file: StoredFile | None = None,
        settings: Row,
        details: Row,
    ) -> Document:
        """Queued to be indexed.  Raises `BadField` as `Library.add`, and when the dataset is full."""
        _, total = await self._library.documents(dataset, limit=0)
        if total >= MOST:
            raise BadField("dataset", f"a dataset has at most {MOST} documents; make another one")
        of = file.id if file else None
        return await self._library.add(dataset, name, text, file=of, settings=settings, details=details)

    async def update(
        self,
        document: Document,
        *,
        name: str | None = None,
        text: str | None = None,
        file: StoredFile | None = None,
        settings: Row | None = None,
        details: Row | None = None,
    ) -> Document:
        """A new text, a new file, a new way to split; what is not given stays.  Raises `Archived` and as `create`."""
        if document.archived:
            raise Archived("The archived document is not editable.")
        name = document.name if name is None else name
        details = {**document.details, **(details or {})}
        if file is not None:
            if (before := details.get("before")) not in (None, document.file):
                await self._files.remove(before)
            details["before"] = document.file
        if text is None and file is None and settings is None:
            row = {"id": document.id, "name": name, "details": json_text(details), "now": micros(self._now())}
            await self._store.write(("document_rename", row))
            return await self._library.document(document.id, document.dataset)
        if text is None and file is None:
            text = await self._library.text(document)
        return await self._library.replace(
            document, name, text or "", file=file.id if file else None, settings=settings, details=details
        )

    # -- out --------------------------------------------------------------------------------------------------------

    async def get(self, dataset: Dataset, id: str) -> Document:
        """Raises `NotFound("document")`."""
        return await self._library.document(id, dataset.id)

    async def page(
        self, dataset: Dataset, *, keyword: str = "", shown: str = "", skip: int = 0, limit: int = 20
    ) -> tuple[list[Document], int]:
        """A page, newest first, and how many there are; `shown` as in `shown_status`."""
        return await self._library.documents(dataset, keyword=keyword, shown=shown, skip=skip, limit=limit)

    async def batch(self, dataset: Dataset, batch: str) -> list[Document]:
        """The documents that were given together.  Raises `NotFound("batch")`."""
        rows = await self._store.read("documents_of_batch", batch=batch, dataset=dataset.id)
        if not rows:
            raise NotFound("batch", batch)
        return [document_of(row) for row in rows]

    async def text(self, document: Document) -> str:
        return await self._library.text(document)

    async def original(self, document: Document, account: str) -> tuple[StoredFile, Path] | None:
        """The file it is from; None for one that was given as text."""
        if document.file is None:
            return None
        return await self._files.place(document.file, account)

    async def packed(self, documents: Sequence[Document], account: str) -> tuple[Incoming, int]:
        """A zip file of the documents, each as it was given, and its size; drop it after use."""
        incoming = await self._files.incoming()
        contents: list[tuple[str, Path | str]] = []
        taken: set[str] = set()
        for one in documents:
            original = await self.original(one, account)
            name = original[0].name if original else f"{one.name}.txt"
            if name in taken:
                name = f"{one.id} {name}"
            taken.add(name)
            contents.append((name.replace("/", "_"), original[1] if original else await self.text(one)))
        await incoming.done()
        try:
            return incoming, await run_sync(_pack, incoming.path, contents)
        except BaseException:
            await incoming.drop()
            raise

    def ticket(self, document: Document, account: str) -> str:
        """Lets whoever has it fetch the file of a document for an hour."""
        until = micros(self._now()) + TICKET_S * 1_000_000
        return self._secrets.seal(f"{until}:{account}:{document.file}", TICKET)

    async def ticketed(self, ticket: str) -> tuple[StoredFile, Path]:
        """The file of a ticket.  Raises `BadField("ticket")` for one that is wrong or too old, `NotFound("file")`."""
        try:
            until, account, file = self._secrets.open(ticket, TICKET).split(":")
        except (OutsideFailed, Refused, ValueError):
            raise BadField("ticket", "The address is not one of ours.") from None
        if int(until) < micros(self._now()):
            raise BadField("ticket", "The address was good until a while ago; ask for it again.")
        return await self._files.place(file, account)

    # -- switched ---------------------------------------------------------------------------------------------------

    async def delete(self, document: Document) -> None:
        """Found no more once this returns.  Raises `Archived`, and `Indexing` while it is being indexed."""
        if document.archived:
            raise Archived("The archived document is not editable.")
        if document.status in BUSY:
            raise Indexing("document", "Cannot delete document during indexing.")
        await self._library.drop(document)
        await self._forget(document.file, document.details)

    async def empty(self, dataset: Dataset) -> None:
        """Removes the files of its documents, before the dataset itself goes."""
        for row in await self._store.read("document_files", dataset=dataset.id):
            await self._forget(row["file"], msgspec.json.decode(row["details"]))

    async def _forget(self, file: str | None, details: Row) -> None:
        """The file of a document, and the one that it had before."""
        for one in {file, details.get("before")} - {None}:
            await self._files.remove(str(one))

    async def switch(self, dataset: Dataset, ids: Collection[str], action: Switch, by: str) -> None:
        """One that is so already, or is not there, is passed over; raises `Indexing`, and nothing is done then."""
        rows = [await self._store.read("document_get", id=id) for id in dict.fromkeys(ids)]
        documents = [document_of(row[0]) for row in rows if row and row[0]["dataset"] == dataset.id]
        for one in documents:
            if one.status != "completed" and action in ("disable", "archive"):
                raise Indexing("document", f"Document {one.name} is not completed.")
        writes: list[tuple[str, Row]] = []
        now = micros(self._now())
        for one in documents:
            enabled = {"enable": True, "disable": False}.get(action, one.enabled)
            archived = {"archive": True, "un_archive": False}.get(action, one.archived)
            if (enabled, archived) == (one.enabled, one.archived):
                continue
            details: dict[str, Any] = {**one.details}
            if action in ("enable", "disable"):
                details["disabled_at"], details["disabled_by"] = (None, None) if enabled else (now, by)
            row = {"id": one.id, "enabled": int(enabled), "archived": int(archived), "details": json_text(details)}
            writes.append(("document_switch", {**row, "now": now}))
            if not enabled or archived:  # found no more once this returns; the job makes sure of it
                writes.append(("words_delete_of_document", {"document": one.id}))
            writes.append(("index_job_put", {"document": one.id, "file": None, "kind": "words", "now": now}))
        if writes:
            await self._store.write(*writes)
            self._library.queued()


def shown_status(document: Document) -> str:
    """queuing, indexing, error, available, disabled or archived.  Pure."""
    match document.status:
        case "waiting":
            return "queuing"
        case "error":
            return "error"
        case "completed":
            return "archived" if document.archived else "available" if document.enabled else "disabled"
    return "indexing"


def _pack(path: Path, contents: Sequence[tuple[str, Path | str]]) -> int:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents:
            if isinstance(content, Path):
                archive.write(content, name)
            else:
                archive.writestr(name, content)
    return path.stat().st_size
