"""Documents as this API reads and shows them: the fields of a new one, process rules, rows, details, progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL

from msgspec import UNSET, Struct

from dbmedic.api.dify.action import text
from dbmedic.api.dify.keeping import TECHNIQUES, choice, optional_text, seconds
from dbmedic.api.dify.knowledge_shapes import DocumentDetail, DocumentRow, FieldValue, IndexingRow
from dbmedic.api.dify.retrieval_model import retrieval_model
from dbmedic.api.dify.wire import invalid, named_uuid, owner_id
from dbmedic.assistant import Assistant
from dbmedic.assistant.documents import shown_status
from dbmedic.assistant.files import StoredFile
from dbmedic.assistant.labels import BUILTIN, builtin
from dbmedic.core.log import moment
from dbmedic.core.values import Row
from dbmedic.knowledge.kept import Dataset, Document, json_text
from dbmedic.knowledge.split import PASSAGE

FORMS: Final = ("text_model", "hierarchical_model", "qa_model")
RULES: Final = ("remove_extra_spaces", "remove_urls_emails", "remove_stopwords")
SEGMENT: Final = (50, 4000)
"""Smallest and largest `max_tokens` of a segment."""
WHOLE: Final = 10_000
"""The same of a document that is one parent."""
AUTOMATIC: Final[dict[str, Any]] = {
    "mode": "automatic",
    "rules": {
        "pre_processing_rules": [
            {"id": "remove_extra_spaces", "enabled": False},
            {"id": "remove_urls_emails", "enabled": False},
        ],
        "segmentation": {"separator": "\n", "max_tokens": PASSAGE, "chunk_overlap": 0},
    },
}


class Kept(Struct, frozen=True, kw_only=True):
    """The fields that come with a document."""

    indexing_technique: str | None
    doc_form: str | None
    doc_language: str | None
    process_rule: dict[str, Any] | None
    retrieval_model: dict[str, Any] | None
    embedding_model: str | None
    embedding_model_provider: str | None
    original_document_id: str | None


def kept_of(fields: Mapping[str, Any]) -> Kept:
    """Raises `Fault` 400 for the first field that is wrong."""
    form = fields.get("doc_form")
    if form is not None and form not in FORMS:
        raise invalid("Invalid doc_form.")
    return Kept(
        indexing_technique=choice(fields, "indexing_technique", TECHNIQUES),
        doc_form=form,
        doc_language=optional_text(fields, "doc_language", 40),
        process_rule=process_rule(fields.get("process_rule")),
        retrieval_model=retrieval_model(fields.get("retrieval_model")),
        embedding_model=optional_text(fields, "embedding_model"),
        embedding_model_provider=optional_text(fields, "embedding_model_provider"),
        original_document_id=text(fields, "original_document_id").lower() or None,
    )


def process_rule(value: Any) -> dict[str, Any] | None:
    """`process_rule`, None when there is none.  Raises `Fault` 400."""
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("mode") not in ("automatic", "custom", "hierarchical"):
        raise invalid("process_rule.mode: Input should be automatic, custom or hierarchical")
    if value["mode"] == "automatic":
        return AUTOMATIC
    rules = value.get("rules")
    if not isinstance(rules, dict):
        raise invalid("Process rule rules is required")
    before = rules.get("pre_processing_rules") or []
    if not isinstance(before, list) or not all(isinstance(one, dict) and one.get("id") in RULES for one in before):
        raise invalid(f"pre_processing_rules: each has an id of {', '.join(RULES)}")
    whole = value["mode"] == "hierarchical" and rules.get("parent_mode") == "full-doc"
    if rules.get("parent_mode") not in (None, "full-doc", "paragraph"):
        raise invalid("parent_mode: Input should be full-doc or paragraph")
    kept: dict[str, Any] = {
        "pre_processing_rules": [{"id": one["id"], "enabled": bool(one.get("enabled"))} for one in before],
    }
    if not whole or rules.get("segmentation") is not None:
        kept["segmentation"] = _segmentation(rules.get("segmentation"), "segmentation")
    if value["mode"] == "hierarchical":
        kept["parent_mode"] = rules.get("parent_mode") or "paragraph"
        kept["subchunk_segmentation"] = _segmentation(rules.get("subchunk_segmentation"), "subchunk_segmentation")
    return {"mode": value["mode"], "rules": kept}


def _segmentation(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"Process rule {name} is required")
    separator = value.get("separator", value.get("delimiter", "\n"))
    if not isinstance(separator, str) or not separator or len(separator) > 50:
        raise invalid(f"{name}.separator: Input should be a string of 1 to 50 characters")
    least, most = SEGMENT
    size, overlap = value.get("max_tokens"), value.get("chunk_overlap") or 0
    if not isinstance(size, int) or isinstance(size, bool) or not least <= size <= most:
        raise invalid(f"Maximum segment length must be between {least} and {most}")
    if not isinstance(overlap, int) or isinstance(overlap, bool) or not 0 <= overlap < size:
        raise invalid(f"{name}.chunk_overlap: Input should be an integer from 0, less than max_tokens")
    return {"separator": separator, "max_tokens": size, "chunk_overlap": overlap}


def splitting(rule: Mapping[str, Any], form: str) -> Row:
    """How the knowledge base splits a document by a process rule."""
    rules = rule.get("rules", {})
    switched = {one["id"] for one in rules.get("pre_processing_rules", ()) if one["enabled"]}
    settings: Row = {}
    if rule["mode"] != "automatic":
        settings |= {"spaces": "remove_extra_spaces" in switched, "links": "remove_urls_emails" in switched}
        if rules.get("parent_mode") == "full-doc":
            settings["limit"] = WHOLE
        else:
            cut = rules["segmentation"]
            settings |= {"separator": _sign(cut), "limit": cut["max_tokens"], "overlap": cut["chunk_overlap"]}
    if form == "hierarchical_model":
        inner = rules.get("subchunk_segmentation") or {"separator": "\n", "max_tokens": 100}
        settings["children"] = {"separator": _sign(inner), "limit": inner["max_tokens"]}
    return settings


def _sign(cut: Mapping[str, Any]) -> str:
    """Clients write line ends as they are, or as they are written in a program."""
    return str(cut["separator"]).replace("\\n", "\n").replace("\\t", "\t")


def rule_id(dataset: str, rule: Mapping[str, Any]) -> str:
    return named_uuid(NAMESPACE_URL.bytes, f"dbmedic:rule:{dataset}:{json_text(rule)}")


# -- shown ------------------------------------------------------------------------------------------------------------


async def shown_documents(assistant: Assistant, dataset: Dataset, documents: Sequence[Document]) -> list[DocumentRow]:
    fields = {one.id: one for one in await assistant.knowledge.labels.fields(dataset)}
    return [_row(dataset, one, _values(dataset, one, fields)) for one in documents]


async def shown_detail(assistant: Assistant, dataset: Dataset, one: Document, metadata: str) -> DocumentDetail:
    """`metadata`: all, only, without."""
    fields = {field.id: field for field in await assistant.knowledge.labels.fields(dataset)}
    values = _values(dataset, one, fields)
    if metadata == "only":
        return DocumentDetail(id=one.id, doc_type=None, doc_metadata=values)
    row, rule = _row(dataset, one, values), one.details.get("rule", AUTOMATIC)
    found = await assistant.knowledge.documents.original(one, dataset.account)
    info = {"upload_file": _file(found[0], dataset.account)} if found else {}
    done = one.done_at if one.status == "completed" else None
    return DocumentDetail(
        id=one.id,
        position=one.position,
        data_source_type="upload_file",
        data_source_info=info,
        dataset_process_rule_id=row.dataset_process_rule_id,
        dataset_process_rule=dataset.settings.get("process_rule", rule),
        document_process_rule={"id": row.dataset_process_rule_id, "dataset_id": dataset.id, **rule},
        name=one.name,
        created_from="api",
        created_by=row.created_by or "",
        created_at=seconds(one.created_at),
        tokens=row.tokens or 0,
        indexing_status=one.status,
        completed_at=_at(done),
        updated_at=seconds(one.updated_at),
        indexing_latency=(done - one.begun_at).total_seconds() if done and one.begun_at else None,
        error=one.error,
        enabled=one.enabled,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
        archived=one.archived,
        doc_type=UNSET if metadata == "without" else None,
        doc_metadata=UNSET if metadata == "without" else values,
        segment_count=one.segments,
        average_segment_length=one.chars / one.segments if one.segments else 0.0,
        hit_count=one.hits,
        display_status=shown_status(one),
        doc_form=form_of(one),
        doc_language=one.details.get("language", "English"),
        summary_index_status=None,
        need_summary=False,
    )


def shown_progress(one: Document) -> IndexingRow:
    """How far its indexing is; what is behind it has a time."""
    order = ("waiting", "parsing", "splitting", "indexing", "completed")
    place = order.index(one.status) if one.status in order else 0
    begun, split = _at(one.begun_at), _at(one.split_at)
    return IndexingRow(
        id=one.id,
        indexing_status=one.status,
        processing_started_at=begun,
        parsing_completed_at=begun if place >= 2 else None,
        cleaning_completed_at=begun if place >= 2 else None,
        splitting_completed_at=split if place >= 3 else None,
        completed_at=_at(one.done_at) if one.status == "completed" else None,
        paused_at=None,
        error=one.error,
        error_code="indexing_failed" if one.status == "error" else None,
        estimated_vector_space_mb=None,
        vector_space_limit_mb=None,
        stopped_at=_at(one.done_at) if one.status == "error" else None,
        completed_segments=one.staged if one.status == "indexing" else one.segments if place == 4 else 0,
        total_segments=one.total if place >= 3 else 0,
    )


def form_of(one: Document) -> str:
    return str(one.details.get("form", FORMS[0]))


def _row(dataset: Dataset, one: Document, values: list[FieldValue]) -> DocumentRow:
    at, by = one.details.get("disabled_at"), one.details.get("disabled_by")
    upload = {"upload_file_id": one.file} if one.file else {}
    return DocumentRow(
        id=one.id,
        position=one.position,
        data_source_type="upload_file",
        data_source_info=upload,
        data_source_detail_dict={"upload_file": upload} if upload else {},
        dataset_process_rule_id=rule_id(dataset.id, one.details.get("rule", AUTOMATIC)),
        name=one.name,
        created_from="api",
        created_by=owner_id(dataset.account, one.details.get("by", "")),
        created_at=seconds(one.created_at),
        tokens=(one.chars + 3) // 4,
        indexing_status=one.status,
        error=one.error,
        enabled=one.enabled,
        disabled_at=_at(moment(at)) if at else None,
        disabled_by=owner_id(dataset.account, by) if by else None,
        archived=one.archived,
        display_status=shown_status(one),
        word_count=one.chars,
        hit_count=one.hits,
        doc_form=form_of(one),
        doc_metadata=values,
        summary_index_status=None,
        need_summary=False,
    )


def _values(dataset: Dataset, one: Document, fields: Mapping[str, Any]) -> list[FieldValue]:
    values = [
        FieldValue(id, fields[id].name, fields[id].kind, value) for id, value in one.metadata.items() if id in fields
    ]
    if dataset.settings.get("built_in_fields"):
        known = builtin(one.name, one.created_at, one.updated_at, one.details)
        values += [FieldValue("built-in", name, kind, known[name]) for name, kind in BUILTIN.items()]
    return values


def _file(file: StoredFile, account: str) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": file.name,
        "size": file.size,
        "extension": file.extension,
        "mime_type": file.mime,
        "created_by": owner_id(account, file.owner),
        "created_at": seconds(file.created_at),
    }


def _at(at: datetime | None) -> int | None:
    return None if at is None else seconds(at)
