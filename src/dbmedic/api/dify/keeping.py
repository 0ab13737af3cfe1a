"""What the knowledge operations share: their errors, pages, and how a dataset is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from dbmedic.api.dify.knowledge_shapes import DatasetRow, ExternalInfo, FieldName, Icon, Summary, TagName
from dbmedic.api.dify.retrieval_model import DEFAULT
from dbmedic.api.dify.wire import Fault, invalid, owner_id
from dbmedic.assistant import Assistant
from dbmedic.assistant.datasets import InUse, NameTaken, Shelf
from dbmedic.assistant.documents import Archived, Indexing
from dbmedic.core.errors import Failure, NotFound
from dbmedic.core.values import Caller
from dbmedic.knowledge.kept import Dataset

KEPT_ERRORS: Final = (NameTaken, InUse, Archived, Indexing)
PERMISSIONS: Final = ("only_me", "all_team_members", "partial_members")
TECHNIQUES: Final = ("high_quality", "economy")
ROWS: Final = 100


class Page(NamedTuple):
    """What a list is asked for."""

    page: int
    limit: int
    """As it was asked."""

    @property
    def rows(self) -> int:
        return min(self.limit, ROWS)

    @property
    def skip(self) -> int:
        return (self.page - 1) * self.rows


def page_of(fields: Mapping[str, Any], *, lenient: bool = False) -> Page:
    """`page` and `limit` of a query; raises `Fault` 400, or with `lenient` takes the usual for what is no number."""
    numbers = []
    for name, usual, most in (("page", 1, 99_999), ("limit", 20, 99_999)):
        text = str(fields.get(name, usual))
        good = re.fullmatch(r"\d{1,9}", text, re.ASCII) and 1 <= int(text) <= most
        if not good and not lenient:
            raise invalid(f"{name}: Input should be an integer from 1 to {most}")
        numbers.append(int(text) if good else usual)
    return Page(*numbers)


def fault_of_keeping(failure: Failure) -> Fault:
    """How this API says the errors of those who keep knowledge."""
    match failure:
        case NameTaken():
            message = "The dataset name already exists. Please modify your dataset name."
            return Fault(409, "dataset_name_duplicate", message)
        case InUse():
            return Fault(409, "dataset_in_use", f"The knowledge base is in use: {failure}.")
        case Archived():
            return Fault(403, "archived_document_immutable", str(failure))
        case Indexing():
            return Fault(400, "document_indexing", str(failure))
    return invalid(str(failure))


async def dataset_of(assistant: Assistant, id: str, caller: Caller, *, writes: bool = False) -> Dataset:
    """Raises `Fault` 404, or for operations that write, and only look for it later, 400."""
    try:
        return await assistant.knowledge.datasets.get(id, caller)
    except NotFound:
        if writes:
            raise invalid("Dataset does not exist.") from None
        raise


async def shown_dataset(assistant: Assistant, shelf: Shelf, *, members: bool = False) -> DatasetRow:
    """A dataset as its keepers see it; with `members` also who else may."""
    one, kept = shelf.dataset, shelf.dataset.settings
    fields = await assistant.knowledge.labels.fields(one)
    row = DatasetRow(
        id=one.id,
        name=one.name,
        description=one.description,
        provider="vendor",
        permission=kept.get("permission", "only_me"),
        data_source_type="upload_file" if shelf.documents else None,
        indexing_technique=kept.get("indexing_technique"),
        app_count=len(shelf.apps),
        document_count=shelf.documents,
        word_count=shelf.chars,
        created_by=owner_id(one.account, kept.get("by", "")),
        author_name=None,
        created_at=seconds(one.created_at),
        updated_by=owner_id(one.account, kept["updated_by"]) if kept.get("updated_by") else None,
        updated_at=seconds(one.updated_at),
        embedding_model=kept.get("embedding_model"),
        embedding_model_provider=kept.get("embedding_model_provider"),
        embedding_available=True,
        retrieval_model_dict=kept.get("retrieval_model", DEFAULT),
        summary_index_setting=Summary(**kept.get("summary_index_setting", {})),
        tags=[TagName(tag.id, tag.name) for tag in shelf.tags],
        doc_form=kept.get("doc_form"),
        external_knowledge_info=ExternalInfo(),
        external_retrieval_model={"top_k": 2, "score_threshold": 0.0, "score_threshold_enabled": False},
        doc_metadata=[FieldName(field.id, field.name, field.kind) for field in fields],
        built_in_field_enabled=bool(kept.get("built_in_fields")),
        pipeline_id=None,
        runtime_mode="general",
        chunk_structure=None,
        icon_info=Icon(),
        is_published=False,
        total_documents=shelf.documents,
        total_available_documents=shelf.available,
        enable_api=True,
        is_multimodal=False,
        maintainer=None,
    )
    return replace(row, partial_member_list=kept.get("members", [])) if members else row


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def choice(fields: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str | None:
    """One of these texts, None when absent or null; raises `Fault` 400."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in allowed:
        raise invalid(f"{name}: Input should be one of {', '.join(allowed)}")
    return value


def optional_text(fields: Mapping[str, Any], name: str, most: int = 255) -> str | None:
    """A text or None; raises `Fault` 400."""
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > most):
        raise invalid(f"{name}: Input should be a string of at most {most} characters")
    return value


def ids(fields: Mapping[str, Any], name: str, *, most: int = 1000) -> tuple[str, ...]:
    """A list of texts that has at least one; raises `Fault` 400."""
    value = fields.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise invalid(f"{name}: Input should be a list of at least one id")
    if len(value) > most:
        raise invalid(f"{name}: at most {most} ids")
    return tuple(one.lower() for one in value)
