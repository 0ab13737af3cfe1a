"""A new document, or a new text or file of one: what four operations share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.api.dify.action import Asked, json_reply, path_id, text
from dbmedic.api.dify.keeping import dataset_of
from dbmedic.api.dify.keeping_documents import (
    AUTOMATIC,
    FORMS,
    Kept,
    form_of,
    kept_of,
    shown_documents,
    splitting,
)
from dbmedic.api.dify.knowledge_shapes import DocumentKept
from dbmedic.api.dify.wire import Fault, invalid
from dbmedic.api.http import Reply
from dbmedic.api.multipart import Part
from dbmedic.assistant import Assistant
from dbmedic.assistant.files import Incoming, StoredFile
from dbmedic.core.errors import BadField, NotFound, TooLarge
from dbmedic.core.values import Caller
from dbmedic.knowledge.kept import Dataset, Document

TEXT_CHARS = 10_000_000


class New(Struct, frozen=True, kw_only=True):
    """A document to be made, or with `document` to be given what is new."""

    dataset: str
    document: str | None
    name: str | None
    text: str | None
    kept: Kept


def new_text(asked: Asked, *, old: bool = False) -> New:
    """Of a JSON body.  Raises `Fault` 400."""
    fields = asked.fields
    name, body = fields.get("name"), fields.get("text")
    if not old or name is not None:
        name = text(fields, "name", required=True)
    if not old or body is not None:
        body = text(fields, "text", required=True)
        if len(body) > TEXT_CHARS:
            raise invalid(f"text: {len(body)} characters, at most {TEXT_CHARS}")
        if old and not name:
            raise invalid("name is required when text is provided")
    return New(
        dataset=path_id(asked, "dataset_id"),
        document=path_id(asked, "document_id") if old else None,
        name=name,
        text=body,
        kept=kept_of(fields),
    )


def new_file(asked: Asked, *, old: bool = False) -> tuple[New, Part | None]:
    """Of a form: the part `data` is a JSON object.  Raises `Fault` 400."""
    fields: Mapping[str, Any] = {}
    if data := asked.fields.get("data"):
        try:
            fields = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
            raise invalid(f"data: not JSON: {problem}") from None
        if not isinstance(fields, dict):
            raise invalid("data: Input should be a JSON object")
    part = asked.file
    if part is not None and part.field != "file":
        part = None
    if part is None and not old:
        raise Fault(400, "no_file_uploaded", "Please upload your file.")
    if part is not None and not part.name:
        raise Fault(400, "filename_not_exists_error", "The specified filename does not exist.")
    name = text(fields, "name") or None
    document = path_id(asked, "document_id") if old else None
    new = New(dataset=path_id(asked, "dataset_id"), document=document, name=name, text=None, kept=kept_of(fields))
    return new, part


async def written(assistant: Assistant, new: New, part: Part | None, caller: Caller) -> Reply:
    """Keeps what is new, and answers with the document as it is queued."""
    dataset = await dataset_of(assistant, new.dataset, caller, writes=True)
    before = new.document or new.kept.original_document_id
    document = await assistant.knowledge.documents.get(dataset, before) if before else None
    technique = new.kept.indexing_technique or dataset.settings.get("indexing_technique")
    if technique is None:
        raise invalid("indexing_technique is required.")
    usual = form_of(document) if document else dataset.settings.get("doc_form")
    form = new.kept.doc_form or usual or FORMS[0]
    if dataset.settings.get("doc_form") not in (None, form):
        raise invalid("doc_form is different from the dataset doc_form.")
    rule = new.kept.process_rule or (document.details.get("rule") if document else None)
    rule = rule or dataset.settings.get("process_rule")
    if rule is None and part is not None and document is None:
        raise invalid("process_rule is required.")
    rule = rule or AUTOMATIC
    file = await _uploaded(assistant, part, caller) if part else None
    details = {"form": form, "rule": rule, "origin": "file_upload"}
    if new.kept.doc_language:
        details["language"] = new.kept.doc_language
    documents = assistant.knowledge.documents
    settings = splitting(rule, form)
    if document is None:
        name = new.name or (file.name if file else "")
        details["by"] = caller.owner
        made = await documents.create(dataset, name, new.text or "", file=file, settings=settings, details=details)
    else:
        anew = settings if new.text is not None or file or settings != document.settings else None
        name = new.name or (file.name if file else document.name)
        made = await documents.update(document, name=name, text=new.text, file=file, settings=anew, details=details)
    await _remembered(assistant, dataset, technique, form, rule, new.kept)
    (row,) = await shown_documents(assistant, dataset, [made])
    return json_reply(DocumentKept(row, made.batch))


async def _uploaded(assistant: Assistant, part: Part, caller: Caller) -> StoredFile:
    assert isinstance(part.sink, Incoming)
    try:
        return await assistant.knowledge.documents.upload(caller, part.sink, part.name, part.mime or "text/plain")
    except TooLarge as problem:
        raise Fault(413, "file_too_large", f"File size exceeded. {problem}") from None
    except BadField as problem:
        if problem.name == "file":
            raise Fault(415, "unsupported_file_type", f"File type not allowed. {problem}") from None
        raise


async def _remembered(
    assistant: Assistant, dataset: Dataset, technique: str, form: str, rule: dict[str, Any], kept: Kept
) -> None:
    """What the first document of a dataset says goes for the next ones; its process rule is the latest."""
    settings: dict[str, Any] = {"indexing_technique": technique, "doc_form": form, "process_rule": rule}
    for name in ("retrieval_model", "embedding_model", "embedding_model_provider"):
        if (value := getattr(kept, name)) is not None and name not in dataset.settings:
            settings[name] = value
    if any(dataset.settings.get(name) != value for name, value in settings.items()):
        await assistant.knowledge.datasets.update(dataset, **settings)


async def document_at(assistant: Assistant, dataset: Dataset, id: str, message: str) -> Document:
    """Raises `Fault` 404 with this message."""
    try:
        return await assistant.knowledge.documents.get(dataset, id)
    except NotFound:
        raise Fault(404, "not_found", message) from None
