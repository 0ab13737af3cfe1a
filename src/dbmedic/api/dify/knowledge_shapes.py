"""The replies of the knowledge operations; every field that is not `UNSET` is always present."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType


class TagName(Struct, frozen=True):
    id: str
    name: str
    type: Literal["knowledge"] = "knowledge"


class FieldName(Struct, frozen=True):
    id: str
    name: str
    type: str


class FieldValue(Struct, frozen=True):
    id: str
    name: str
    type: str
    value: str | int | float | None


class Summary(Struct, frozen=True):
    enable: bool | None = None
    model_name: str | None = None
    model_provider_name: str | None = None
    summary_prompt: str | None = None


class ExternalInfo(Struct, frozen=True):
    external_knowledge_id: str | None = None
    external_knowledge_api_id: str | None = None
    external_knowledge_api_name: str | None = None
    external_knowledge_api_endpoint: str | None = None


class Icon(Struct, frozen=True):
    icon_type: str | None = None
    icon: str | None = None
    icon_background: str | None = None
    icon_url: str | None = None


class DatasetRow(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    description: str | None
    provider: str
    permission: str
    data_source_type: str | None
    indexing_technique: str | None
    app_count: int
    document_count: int
    word_count: int
    created_by: str
    author_name: str | None
    created_at: int
    updated_by: str | None
    updated_at: int
    embedding_model: str | None
    embedding_model_provider: str | None
    embedding_available: bool | None
    retrieval_model_dict: dict[str, Any]
    summary_index_setting: Summary
    tags: list[TagName]
    doc_form: str | None
    external_knowledge_info: ExternalInfo
    external_retrieval_model: dict[str, Any] | None
    doc_metadata: list[FieldName]
    built_in_field_enabled: bool
    pipeline_id: str | None
    runtime_mode: str | None
    chunk_structure: str | None
    icon_info: Icon
    is_published: bool
    total_documents: int
    total_available_documents: int
    enable_api: bool
    is_multimodal: bool
    maintainer: str | None
    partial_member_list: list[dict[str, Any]] | UnsetType = UNSET


class DatasetPage(Struct, frozen=True):
    data: list[DatasetRow]
    has_more: bool
    limit: int
    total: int
    page: int


class DocumentRow(Struct, frozen=True, kw_only=True):
    id: str
    position: int | None
    data_source_type: str | None
    data_source_info: dict[str, Any] | None
    data_source_detail_dict: dict[str, Any] | None
    dataset_process_rule_id: str | None
    name: str
    created_from: str | None
    created_by: str | None
    created_at: int | None
    tokens: int | None
    indexing_status: str | None
    error: str | None
    enabled: bool | None
    disabled_at: int | None
    disabled_by: str | None
    archived: bool | None
    display_status: str | None
    word_count: int | None
    hit_count: int | None
    doc_form: str | None
    doc_metadata: list[FieldValue] | None
    summary_index_status: str | None
    need_summary: bool | None


class DocumentKept(Struct, frozen=True):
    document: DocumentRow
    batch: str


class DocumentPage(Struct, frozen=True):
    data: list[DocumentRow]
    has_more: bool
    limit: int
    total: int
    page: int


class DocumentDetail(Struct, frozen=True, kw_only=True):
    """`metadata` of the query leaves fields out."""

    id: str
    position: int | UnsetType = UNSET
    data_source_type: str | UnsetType = UNSET
    data_source_info: dict[str, Any] | UnsetType = UNSET
    dataset_process_rule_id: str | UnsetType | None = UNSET
    dataset_process_rule: dict[str, Any] | UnsetType = UNSET
    document_process_rule: dict[str, Any] | UnsetType = UNSET
    name: str | UnsetType = UNSET
    created_from: str | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    created_at: int | UnsetType = UNSET
    tokens: int | UnsetType = UNSET
    indexing_status: str | UnsetType = UNSET
    completed_at: int | UnsetType | None = UNSET
    updated_at: int | UnsetType = UNSET
    indexing_latency: float | UnsetType | None = UNSET
    error: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    disabled_at: int | UnsetType | None = UNSET
    disabled_by: str | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    doc_type: str | UnsetType | None = UNSET
    doc_metadata: list[FieldValue] | UnsetType = UNSET
    segment_count: int | UnsetType = UNSET
    average_segment_length: float | UnsetType = UNSET
    hit_count: int | UnsetType = UNSET
    display_status: str | UnsetType = UNSET
    doc_form: str | UnsetType = UNSET
    doc_language: str | UnsetType = UNSET
    summary_index_status: str | UnsetType | None = UNSET
    need_summary: bool | UnsetType = UNSET


class IndexingRow(Struct, frozen=True, kw_only=True):
    id: str
    indexing_status: str
    processing_started_at: int | None
    parsing_completed_at: int | None
    cleaning_completed_at: int | None
    splitting_completed_at: int | None
    completed_at: int | None
    paused_at: int | None
    error: str | None
    error_code: str | None
    estimated_vector_space_mb: float | None
    vector_space_limit_mb: float | None
    stopped_at: int | None
    completed_segments: int
    total_segments: int


class IndexingState(Struct, frozen=True):
    data: list[IndexingRow]


class Address(Struct, frozen=True):
    url: str


class FieldCount(Struct, frozen=True):
    id: str
    name: str
    type: str
    count: int


class FieldList(Struct, frozen=True):
    doc_metadata: list[FieldCount]
    built_in_field_enabled: bool


class BuiltInField(Struct, frozen=True):
    name: str
    type: str


class BuiltInFields(Struct, frozen=True):
    fields: list[BuiltInField]


class TagRow(Struct, frozen=True):
    id: str
    name: str
    type: Literal["knowledge"]
    binding_count: str | None


class BoundTag(Struct, frozen=True):
    id: str
    name: str


class BoundTags(Struct, frozen=True):
    data: list[BoundTag]
    total: int


class ModelRow(Struct, frozen=True, kw_only=True):
    model: str
    label: dict[str, str]
    model_type: str
    features: list[str] | None = None
    fetch_from: str = "customizable-model"
    model_properties: dict[str, Any] = {}
    deprecated: bool = False
    status: str = "active"
    load_balancing_enabled: bool = False
    has_invalid_load_balancing_configs: bool = False


class ProviderRow(Struct, frozen=True, kw_only=True):
    tenant_id: str
    provider: str
    label: dict[str, str]
    icon_small: dict[str, str] | None = None
    icon_small_dark: dict[str, str] | None = None
    status: str = "active"
    models: list[ModelRow]


class ModelList(Struct, frozen=True):
    data: list[ProviderRow]
