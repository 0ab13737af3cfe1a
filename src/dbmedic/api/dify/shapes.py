"""The replies of single operations as types, for the published description of this API.

Streams are in `frames.py`, the two largest replies in `wire.py`; every field named here is always present.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from dbmedic.api.dify.frames import Action
from dbmedic.api.dify.wire import Answer, Message


class ErrorBody(Struct, frozen=True):
    code: str
    message: str
    status: int


class Done(Struct, frozen=True):
    result: Literal["success"]


class ConversationRow(Struct, frozen=True):
    id: str
    name: str
    inputs: dict[str, Any]
    status: Literal["normal"]
    introduction: str | None
    created_at: int
    updated_at: int


class ConversationPage(Struct, frozen=True):
    limit: int
    has_more: bool
    data: list[ConversationRow]


class MessagePage(Struct, frozen=True):
    limit: int
    has_more: bool
    data: list[Message]


class Variable(Struct, frozen=True):
    id: str
    name: str
    value_type: str
    value: str | None
    description: str | None
    created_at: int
    updated_at: int


class VariablePage(Struct, frozen=True):
    limit: int
    has_more: bool
    data: list[Variable]


class Suggested(Struct, frozen=True):
    result: Literal["success"]
    data: list[str]


class FeedbackRow(Struct, frozen=True):
    id: str
    app_id: str
    conversation_id: str
    message_id: str
    rating: Literal["like", "dislike"]
    content: str | None
    from_source: Literal["user", "admin"]
    from_end_user_id: str | None
    from_account_id: str | None
    created_at: str
    updated_at: str


class FeedbackPage(Struct, frozen=True):
    data: list[FeedbackRow]


class UploadedFile(Struct, frozen=True):
    id: str
    reference: str | None
    name: str
    size: int
    extension: str | None
    mime_type: str | None
    created_by: str | None
    created_at: int
    preview_url: str | None
    source_url: str | None
    original_url: str | None
    user_id: str | None
    tenant_id: str | None
    conversation_id: str | None
    file_key: str | None


class Info(Struct, frozen=True):
    name: str
    description: str | None
    tags: list[str]
    mode: Literal["advanced-chat"]
    author_name: str | None


class Meta(Struct, frozen=True):
    tool_icons: dict[str, Any]


class Switch(Struct, frozen=True):
    enabled: bool


class HumanForm(Struct, frozen=True):
    form_content: str
    inputs: list[dict[str, Any]]
    resolved_default_values: dict[str, str]
    user_actions: list[Action]
    expiration_time: int


class Submitted(Struct, frozen=True):
    """Nothing is said of a form that was taken."""


class Heard(Struct, frozen=True):
    text: str


class Speech(Struct, frozen=True, omit_defaults=True):
    enabled: bool
    voice: str = ""
    language: str = ""
    autoPlay: str = ""  # noqa: N815 - the API's own spelling


class Parameters(Struct, frozen=True):
    opening_statement: str | None
    suggested_questions: list[str]
    suggested_questions_after_answer: Switch
    speech_to_text: Switch
    text_to_speech: Speech
    retriever_resource: Switch
    annotation_reply: Switch
    more_like_this: Switch
    user_input_form: list[dict[str, Any]]
    sensitive_word_avoidance: dict[str, Any]
    file_upload: dict[str, Any]
    system_parameters: dict[str, int]


class Site(Struct, frozen=True):
    title: str
    chat_color_theme: str | None
    chat_color_theme_inverted: bool
    icon_type: str | None
    icon: str | None
    icon_background: str | None
    icon_url: str | None
    description: str | None
    copyright: str | None
    privacy_policy: str | None
    input_placeholder: str | None
    custom_disclaimer: str | None
    default_language: str
    show_workflow_steps: bool
    use_icon_as_answer_icon: bool


class AnnotationRow(Struct, frozen=True):
    id: str
    question: str | None
    answer: str | None
    hit_count: int | None
    created_at: int | None


class AnnotationPage(Struct, frozen=True):
    data: list[AnnotationRow]
    has_more: bool
    limit: int
    total: int
    page: int


class Job(Struct, frozen=True):
    job_id: str
    job_status: Literal["waiting", "processing", "completed", "error"]


class JobStatus(Struct, frozen=True):
    job_id: str
    job_status: Literal["waiting", "processing", "completed", "error"]
    error_msg: str


class RunDetail(Struct, frozen=True):
    id: str
    workflow_id: str
    status: Literal["running", "succeeded", "failed", "stopped", "partial-succeeded", "paused"]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    error: str | None
    total_steps: int
    total_tokens: int
    created_at: int
    finished_at: int | None
    elapsed_time: float


class LogPage(Struct, frozen=True):
    page: int
    limit: int
    total: int
    has_more: bool
    data: list[dict[str, Any]]


class EndUserRow(Struct, frozen=True):
    id: str
    tenant_id: str
    app_id: str | None
    type: str
    external_user_id: str | None
    name: str | None
    is_anonymous: bool
    session_id: str
    created_at: str
    updated_at: str


Shape: TypeAlias = type[Struct]
REPLIES: dict[str, tuple[int, Shape | None]] = {
    "annotation_create": (201, AnnotationRow),
    "annotation_delete": (204, None),
    "annotation_reply": (200, Job),
    "annotation_reply_status": (200, JobStatus),
    "annotation_update": (200, AnnotationRow),
    "annotations": (200, AnnotationPage),
    "app_feedbacks": (200, FeedbackPage),
    "audio_to_text": (200, Heard),
    "chat_messages": (200, Answer),
    "conversation_delete": (204, None),
    "conversation_name": (200, ConversationRow),
    "conversation_variable": (200, Variable),
    "conversation_variables": (200, VariablePage),
    "conversations": (200, ConversationPage),
    "end_user": (200, EndUserRow),
    "files_upload": (201, UploadedFile),
    "form_human_input": (200, HumanForm),
    "form_human_input_submit": (200, Submitted),
    "info": (200, Info),
    "message_feedbacks": (200, Done),
    "message_suggested": (200, Suggested),
    "messages": (200, MessagePage),
    "meta": (200, Meta),
    "parameters": (200, Parameters),
    "site": (200, Site),
    "stop": (200, Done),
    "workflow_logs": (200, LogPage),
    "workflow_run": (200, RunDetail),
}
"""Operation -> status and shape of its reply; an operation that is not named says nothing certain."""
