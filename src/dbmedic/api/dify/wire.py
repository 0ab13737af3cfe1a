"""The envelope of the Dify API: credentials, errors, ids and whole replies.

The shapes of a stream are in `frames.py`, the forms of single operations in `actions/`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import md5
from typing import Any
from uuid import NAMESPACE_URL, UUID

import msgspec
from msgspec import Struct

from dbmedic import __version__
from dbmedic.api.dify.frames import Metadata
from dbmedic.core.errors import (
    BadAsk,
    BadField,
    BucketFailed,
    Bug,
    BusFailed,
    Busy,
    Failure,
    FolderTaken,
    Forbidden,
    ModelDown,
    NotFound,
    NotSignedIn,
    OutsideFailed,
    Overloaded,
    Refused,
    StoreFailed,
    StoreFull,
    StoreLocked,
    StoreTooNew,
    TooLarge,
    TooOften,
    UnknownInstance,
    WrongKey,
)
from dbmedic.core.values import Caller

DEFAULT_USER = "DEFAULT-USER"
"""Who speaks where `user` may be left out and was."""
USER_CHARS = 255
NO_PARENT = "00000000-0000-0000-0000-000000000000"
HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"X-Version, X-Env, X-Trace-Id, X-Request-Id, X-Workflow-Run-ID"),
    (b"x-version", __version__.encode()),
    (b"x-env", b"PRODUCTION"),
)
"""On every response."""
JSON = ((b"content-type", b"application/json"),)
PREFLIGHT = (
    (b"access-control-allow-headers", b"Content-Type, X-App-Code, X-App-Passport, Authorization"),
    (b"access-control-allow-methods", b"GET, PUT, POST, DELETE, OPTIONS, PATCH"),
    (b"access-control-max-age", b"600"),
)


class Fault(Exception):
    """An error as this API says it."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers

    def body(self) -> bytes:
        return ascii_json({"code": self.code, "message": self.message, "status": self.status})


ERRORS: dict[type[Failure], tuple[int, str]] = {
    BadAsk: (400, "invalid_param"),
    BadField: (400, "invalid_param"),
    UnknownInstance: (400, "invalid_param"),
    TooLarge: (413, "request_entity_too_large"),
    NotFound: (404, "not_found"),
    Refused: (403, "forbidden"),
    Forbidden: (403, "forbidden"),
    NotSignedIn: (401, "unauthorized"),
    Busy: (429, "too_many_requests"),
    TooOften: (429, "rate_limit_error"),
    Overloaded: (503, "service_unavailable"),
    FolderTaken: (500, "internal_server_error"),
    WrongKey: (500, "internal_server_error"),
    StoreTooNew: (500, "internal_server_error"),
    OutsideFailed: (400, "invalid_param"),
    BucketFailed: (500, "internal_server_error"),
    BusFailed: (500, "internal_server_error"),
    StoreFull: (500, "internal_server_error"),
    StoreLocked: (500, "internal_server_error"),
    StoreFailed: (500, "internal_server_error"),
    ModelDown: (400, "completion_request_error"),
    Bug: (500, "internal_server_error"),
    Failure: (500, "internal_server_error"),
}
"""Class -> status and code; a class that is not named is answered like its parent."""

_RUNS = {"model_down": (400, "completion_request_error"), "bug": (500, "internal_server_error")}
_RUNS["interrupted"] = _RUNS["bug"]
_NOT_FOUND = {
    "conversation": "Conversation Not Exists.",
    "message": "Message Not Exists.",
    "run": "Workflow run not found.",
    "form": "Form not found",
    "annotation": "Annotation Not Exists.",
    "dataset": "Dataset not found.",
    "document": "Document not found.",
    "batch": "Documents not found.",
    "segment": "Segment not found.",
    "child": "Child chunk not found.",
    "metadata": "Metadata not found.",
    "tag": "Tag not found",
}
_CHALLENGE = (b"www-authenticate", b'Bearer realm="api"')
_INTERNAL = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)


def fault_of(failure: Failure, app: str | None = None) -> Fault:
    """What this API answers to one of our errors; `app` is named by the limit of parallel runs."""
    status, code = next(ERRORS[kind] for kind in type(failure).__mro__ if kind in ERRORS)
    match failure:
        case NotSignedIn():
            return unauthorized("Access token is invalid")
        case NotFound(kind=kind):
            return Fault(status, code, _NOT_FOUND.get(kind, f"{kind.capitalize()} Not Exists."))
        case TooOften(retry_after_s=seconds) | Overloaded(retry_after_s=seconds):
            return Fault(status, code, str(failure), (b"retry-after", str(seconds).encode()))
        case Busy(limit=limit, retry_after_s=seconds):
            message = (
                "Too many requests. Please try again later. "
                f"The current maximum concurrent requests allowed for {app or 'this app'} is {limit}."
            )
            return Fault(status, code, message, (b"retry-after", str(seconds).encode()))
        case StoreFull() | StoreLocked() | StoreFailed() | BucketFailed() | BusFailed():
            return Fault(status, code, (type(failure).__doc__ or _INTERNAL).partition("\n")[0])
    return Fault(status, code, _INTERNAL if status == 500 else str(failure))


def internal_fault() -> Fault:
    """The answer to an error that nobody foresaw."""
    return Fault(500, "internal_server_error", _INTERNAL)


def failed_run(code: str, sentence: str) -> Fault:
    """The answer to a turn that failed; `code` is the failure's own, or why the turn was closed."""
    status, name = _RUNS.get(code, (400, "invalid_param"))
    return Fault(status, name, f"Run failed: {sentence}" if name == "invalid_param" else sentence)


def invalid(message: str) -> Fault:
    return Fault(400, "invalid_param", message)


def unauthorized(message: str) -> Fault:
    return Fault(401, "unauthorized", message, _CHALLENGE)


def secret(authorization: str | None) -> str:
    """The app key of an `Authorization` header; raises `Fault` 401."""
    scheme, blank, key = (authorization or "").strip().partition(" ")
    if not blank:
        raise unauthorized("Authorization header must be provided and start with 'Bearer'")
    if scheme.lower() != "bearer":
        raise unauthorized("Authorization scheme must be 'Bearer'")
    return key.strip()


def named_uuid(space: bytes, name: str) -> str:
    """The UUID (version 3) of a name within a space: always the same; `uuid.uuid3` in a sixth of its time."""
    digits = md5(space + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-3{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def end_user_id(caller: Caller) -> str:
    """The same UUID for the same person at the same app, always."""
    return owner_id(caller.account, caller.owner)


@lru_cache(4096)
def owner_id(account: str, owner: str) -> str:
    """The same for whom a message belongs to."""
    return named_uuid(NAMESPACE_URL.bytes, f"dbmedic:{account}:{owner}")


@lru_cache(1024)
def workflow_id(app: str | None, agent: str | None = None) -> str:
    """Id of a published version of an app, by the agent's version that it is; without one, of the built-in agent."""
    version = f":{agent}" if agent and "@" in agent else ""
    return named_uuid(NAMESPACE_URL.bytes, f"dbmedic:workflow:{app or 'default'}{version}")


def uuid_text(text: str, name: str) -> str:
    """An id in its canonical form; raises `Fault` 400."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise invalid(f"{name} must be a valid UUID") from None


def ascii_json(value: Any) -> bytes:
    """JSON as this API sends it everywhere but in streams and blocking replies: ASCII, and a newline at the end."""
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode() + b"\n"


class Answer(Struct, frozen=True, kw_only=True, tag_field="event", tag="message"):
    """The blocking reply."""

    task_id: str
    id: str
    message_id: str
    conversation_id: str
    mode: str = "advanced-chat"
    answer: str
    metadata: Metadata
    created_at: int


class PausedData(Struct, frozen=True, kw_only=True):
    """The run in the blocking reply of a turn that waits for a person."""

    id: str
    mode: str = "advanced-chat"
    conversation_id: str
    message_id: str
    workflow_run_id: str
    answer: str
    metadata: Metadata
    created_at: int
    paused_nodes: list[str]
    reasons: list[Any]
    status: str = "paused"
    elapsed_time: float
    total_tokens: int
    total_steps: int


class Paused(Struct, frozen=True, kw_only=True, tag_field="event", tag="workflow_paused"):
    """The blocking reply of a turn that waits for a person."""

    task_id: str
    id: str
    message_id: str
    conversation_id: str
    mode: str = "advanced-chat"
    answer: str
    metadata: Metadata
    created_at: int
    workflow_run_id: str
    data: PausedData


class CitedPassage(Struct, frozen=True, kw_only=True):
    """A citation in the list of messages; `Resource` has the other form."""

    id: str
    message_id: str
    position: int
    dataset_id: str
    dataset_name: str
    document_id: str
    document_name: str
    data_source_type: str | None
    segment_id: str
    score: float
    hit_count: int | None
    word_count: int | None
    segment_position: int | None
    index_node_hash: str | None
    content: str
    summary: str | None
    created_at: int | None


class Message(Struct, frozen=True, kw_only=True):
    """A turn in the list of messages."""

    id: str
    conversation_id: str
    parent_message_id: str | None = NO_PARENT
    inputs: dict[str, Any]
    query: str
    answer: str
    feedback: dict[str, str] | None = None
    retriever_resources: list[CitedPassage]
    agent_thoughts: list[Any] = []
    message_files: list[Any] = []
    created_at: int
    status: str
    error: str | None
    extra_contents: list[Any] = []
    message_tokens: int
    answer_tokens: int
    total_tokens: int
    provider_response_latency: float
    total_price: str | None
    currency: str | None
