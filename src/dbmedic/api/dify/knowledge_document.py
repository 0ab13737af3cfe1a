"""What the published description says of the knowledge operations: their fields and their replies."""

from __future__ import annotations

from typing import Any, Final

from dbmedic.api.dify import knowledge_shapes as shapes
from dbmedic.api.dify import segment_shapes as segments
from dbmedic.api.dify.keeping import PERMISSIONS, TECHNIQUES
from dbmedic.api.dify.keeping_documents import FORMS, RULES
from dbmedic.api.dify.shapes import Done
from dbmedic.assistant.labels import KINDS, OPERATORS
from dbmedic.assistant.retrieval import METHODS, MOST

TEXT: Final = {"type": "string"}
SOME: Final = {"type": "string", "minLength": 1}
ID: Final = {"type": "string", "format": "uuid"}
FLAG: Final = {"type": "boolean"}
PAGE: Final = {"type": "integer", "minimum": 1, "maximum": 99_999, "default": 1}
LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": 99_999, "default": 20}
IDS: Final = {"type": "array", "items": ID, "minItems": 1, "maxItems": 100}
FREE: Final = ("batch", "model_type", "ticket")
"""Names in paths that are any text."""


def maybe(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def thing(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def one_of(*texts: str) -> dict[str, Any]:
    return {"enum": list(texts)}


CONDITIONS: Final = thing(
    logical_operator=one_of("and", "or"),
    conditions={
        "type": "array",
        "maxItems": 50,
        "items": thing(
            ("name", "comparison_operator"),
            name=TEXT,
            comparison_operator=one_of(*OPERATORS),
            value={"type": ["string", "number", "array", "null"], "items": TEXT},
        ),
    },
)
SEARCH: Final = maybe(
    thing(
        ("search_method", "reranking_enable", "top_k", "score_threshold_enabled"),
        search_method=one_of(*METHODS),
        reranking_enable=FLAG,
        reranking_mode={"enum": ["reranking_model", "weighted_score", None]},
        reranking_model=maybe(thing(reranking_provider_name=TEXT, reranking_model_name=TEXT)),
        top_k={"type": "integer", "minimum": 1, "maximum": MOST},
        score_threshold_enabled=FLAG,
        score_threshold=maybe({"type": "number", "minimum": 0, "maximum": 1}),
        weights=maybe(
            thing(
                weight_type=maybe(one_of("semantic_first", "keyword_first", "customized")),
                vector_setting=maybe(thing(vector_weight={"type": "number", "minimum": 0, "maximum": 1})),
                keyword_setting=maybe(thing(keyword_weight={"type": "number", "minimum": 0, "maximum": 1})),
            )
        ),
        metadata_filtering_conditions=maybe(CONDITIONS),
    )
)
CUT: Final = thing(
    ("separator", "max_tokens"),
    separator={"type": "string", "minLength": 1, "maxLength": 50},
    max_tokens={"type": "integer", "minimum": 50, "maximum": 4000},
    chunk_overlap={"type": "integer", "minimum": 0},
)
RULE: Final = maybe(
    thing(
        ("mode",),
        mode=one_of("automatic", "custom", "hierarchical"),
        rules=thing(
            pre_processing_rules={"type": "array", "items": thing(("id",), id=one_of(*RULES), enabled=FLAG)},
            segmentation=CUT,
            parent_mode=one_of("full-doc", "paragraph"),
            subchunk_segmentation=CUT,
        ),
    )
)
KEPT: Final[dict[str, Any]] = {
    "indexing_technique": maybe(one_of(*TECHNIQUES)),
    "doc_form": one_of(*FORMS),
    "doc_language": {"type": "string", "maxLength": 40},
    "process_rule": RULE,
    "retrieval_model": SEARCH,
    "embedding_model": maybe(TEXT),
    "embedding_model_provider": maybe(TEXT),
}
DATASET: Final[dict[str, Any]] = {
    "description": {"type": "string", "maxLength": 400},
    "indexing_technique": maybe(one_of(*TECHNIQUES)),
    "permission": maybe(one_of(*PERMISSIONS)),
    "retrieval_model": SEARCH,
    "embedding_model": maybe(TEXT),
    "embedding_model_provider": maybe(TEXT),
}
NAME: Final = {"type": "string", "minLength": 1, "maxLength": 40}
KEYWORDS: Final = {"type": "array", "items": TEXT, "maxItems": 50}
FOUND: Final[dict[str, Any]] = {
    "query!": {"type": "string", "minLength": 1, "maxLength": 250},
    "retrieval_model": SEARCH,
}
CREATED: Final[dict[str, Any]] = {"name!": SOME, "text!": SOME, **KEPT, "original_document_id": ID}
RENEWED: Final[dict[str, Any]] = {"name": maybe(SOME), "text": maybe(SOME), **KEPT}
FORM: Final[dict[str, Any]] = {"data": TEXT}

QUERIES: Final[dict[str, dict[str, Any]]] = {
    "children": {"page": PAGE, "limit": LIMIT, "keyword": TEXT},
    "datasets": {
        "page": PAGE,
        "limit": LIMIT,
        "keyword": TEXT,
        "tag_ids": {"type": "array", "items": ID},
        "include_all": FLAG,
    },
    "document": {"metadata": one_of("all", "only", "without")},
    "documents": {
        "page": PAGE,
        "limit": LIMIT,
        "keyword": TEXT,
        "status": one_of("queuing", "indexing", "paused", "error", "available", "disabled", "archived"),
    },
    "segments": {"page": PAGE, "limit": LIMIT, "status": {"type": "array", "items": TEXT}, "keyword": TEXT},
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "child_create": {"content!": SOME},
    "child_update": {"content!": SOME},
    "dataset_create": {
        "name!": NAME,
        "provider": one_of("vendor", "external"),
        **DATASET,
        "summary_index_setting": maybe(thing(enable=maybe(FLAG))),
    },
    "dataset_update": {
        "name": NAME,
        **DATASET,
        "partial_member_list": maybe({"type": "array", "items": thing(("user_id",), user_id=TEXT)}),
    },
    "document_create_by_text": CREATED,
    "document_create_by_text_old": CREATED,
    "document_update_by_text": RENEWED,
    "document_update_by_text_old": RENEWED,
    "document_create_by_file": FORM,
    "document_create_by_file_old": FORM,
    "document_update_by_file": FORM,
    "document_update_by_file_post": FORM,
    "document_update_by_file_old": FORM,
    "documents_metadata": {
        "operation_data!": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": thing(
                ("document_id", "metadata_list"),
                document_id=ID,
                metadata_list={"type": "array", "items": thing(("id",), id=TEXT, name=TEXT, value={})},
                partial_update=FLAG,
            ),
        }
    },
    "documents_switch": {"document_ids!": IDS},
    "documents_zip": {"document_ids!": IDS},
    "external_retrieval": {
        "knowledge_id!": SOME,
        "query!": {"type": "string", "minLength": 1, "maxLength": 2000},
        "retrieval_setting!": thing(
            top_k={"type": "integer", "minimum": 1, "maximum": MOST},
            score_threshold=maybe({"type": "number", "minimum": 0, "maximum": 1}),
        ),
        "metadata_condition": maybe({"type": "object"}),
    },
    "hit_testing": FOUND,
    "metadata_create": {"type!": one_of(*KINDS), "name!": SOME},
    "metadata_rename": {"name!": SOME},
    "retrieve": FOUND,
    "segment_update": {
        "segment!": thing(
            content=SOME, answer=maybe(TEXT), keywords=maybe(KEYWORDS), enabled=maybe(FLAG),
            regenerate_child_chunks=FLAG, summary=maybe(TEXT),
        )
    },
    "segments_create": {
        "segments!": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": thing(("content",), content=SOME, answer=maybe(TEXT), keywords=maybe(KEYWORDS)),
        }
    },
    "tag_create": {"name!": {"type": "string", "minLength": 1, "maxLength": 50}},
    "tag_delete": {"tag_id!": ID},
    "tag_rename": {"tag_id!": ID, "name!": {"type": "string", "minLength": 1, "maxLength": 50}},
    "tags_bind": {"tag_ids!": IDS, "target_id!": ID},
    "tags_unbind": {"tag_ids": IDS, "tag_id": ID, "target_id!": ID},
}  # fmt: skip
REPLIES: Final[dict[str, tuple[int, Any]]] = {
    "child_create": (200, segments.ChildKept),
    "child_delete": (204, None),
    "child_update": (200, segments.ChildKept),
    "children": (200, segments.ChildPage),
    "dataset": (200, shapes.DatasetRow),
    "dataset_create": (200, shapes.DatasetRow),
    "dataset_delete": (204, None),
    "dataset_tags": (200, shapes.BoundTags),
    "dataset_update": (200, shapes.DatasetRow),
    "datasets": (200, shapes.DatasetPage),
    "document": (200, shapes.DocumentDetail),
    "document_delete": (204, None),
    "document_download": (200, shapes.Address),
    "documents": (200, shapes.DocumentPage),
    "documents_metadata": (200, Done),
    "documents_progress": (200, shapes.IndexingState),
    "documents_switch": (200, Done),
    "external_retrieval": (200, segments.Records),
    "hit_testing": (200, segments.Retrieved),
    "metadata_built_in": (200, shapes.BuiltInFields),
    "metadata_built_in_switch": (200, Done),
    "metadata_create": (201, shapes.FieldName),
    "metadata_delete": (204, None),
    "metadata_fields": (200, shapes.FieldList),
    "metadata_rename": (200, shapes.FieldName),
    "models": (200, shapes.ModelList),
    "retrieve": (200, segments.Retrieved),
    "segment": (200, segments.SegmentKept),
    "segment_delete": (204, None),
    "segment_update": (200, segments.SegmentKept),
    "segments": (200, segments.SegmentPage),
    "segments_create": (200, segments.SegmentsKept),
    "tag_create": (200, shapes.TagRow),
    "tag_delete": (204, None),
    "tag_rename": (200, shapes.TagRow),
    "tags": (200, list[shapes.TagRow]),
    "tags_bind": (204, None),
    "tags_unbind": (204, None),
    **dict.fromkeys((name for name in BODIES if name.startswith("document_")), (200, shapes.DocumentKept)),
}
FILES: Final = {"document_file": "application/octet-stream", "documents_zip": "application/zip"}
"""Operation -> type of the file that it answers with."""
OPTIONAL_FILE: Final = ("document_update_by_file", "document_update_by_file_post", "document_update_by_file_old")
"""Forms whose file may be left out."""
BARE_REFUSALS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "segments_create": {"400": thing(("error",), error=TEXT)},
    "external_retrieval": dict.fromkeys(
        ("403", "404"), thing(("error_code", "error_msg"), error_code={"type": "integer"}, error_msg=TEXT)
    ),
}
"""Operation -> status -> how it may say it in a shape of its own."""
