"""The published description of this API (OpenAPI 3.1), made of its operations: `/openapi.json`.

Paths, methods, where `user` is read and what an operation is for come from the operation itself, replies from
`shapes.py`; the fields that an operation reads are named below.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any, Final, get_args

import msgspec

from dbmedic import __version__
from dbmedic.api.dify import knowledge_document as knowledge
from dbmedic.api.dify import wire
from dbmedic.api.dify.action import Action, found
from dbmedic.api.dify.event_schemas import schemas as event_schemas
from dbmedic.api.dify.shapes import REPLIES as APP_REPLIES
from dbmedic.api.dify.shapes import ErrorBody

TEXT: Final = {"type": "string"}
ID: Final = {"type": "string", "format": "uuid"}
FLAG: Final = {"type": "boolean"}
MANY: Final = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
PAGE: Final = {"type": "integer", "minimum": 1, "maximum": 99_999, "default": 1}
ANYTHING: Final = {"type": "object"}
FREE: Final = ("task_id", "workflow_run_id", "form_token", "action", "job_id", "workflow_id", *knowledge.FREE)
"""Names in paths that are any text; all others are UUIDs."""
FILE: Final = {
    "type": "object",
    "required": ["type", "transfer_method"],
    "properties": {
        "type": {"enum": ["image", "document", "audio", "video", "custom"]},
        "transfer_method": {"enum": ["local_file", "remote_url"]},
        "upload_file_id": TEXT,
        "url": TEXT,
    },
}
QUERIES: Final[dict[str, dict[str, Any]]] = {
    "annotations": {"page": PAGE, "limit": {**MANY, "maximum": 99_999}, "keyword": TEXT},
    "app_feedbacks": {"page": PAGE, "limit": {**MANY, "maximum": 101}},
    "conversation_variables": {
        "last_id": ID,
        "limit": MANY,
        "variable_name": {**TEXT, "pattern": r"^[A-Za-z0-9_.-]{1,255}$"},
    },
    "conversations": {
        "last_id": ID,
        "limit": MANY,
        "sort_by": {"enum": ["created_at", "-created_at", "updated_at", "-updated_at"]},
    },
    "file_preview": {"as_attachment": FLAG},
    "messages": {"conversation_id!": ID, "first_id": ID, "limit": MANY},
    "workflow_events": {"include_state_snapshot": FLAG, "continue_on_pause": FLAG, "last_event_id": TEXT},
    "workflow_logs": {
        "page": PAGE,
        "limit": MANY,
        "keyword": TEXT,
        "status": {"enum": ["succeeded", "failed", "stopped"]},
        "created_at__before": {**TEXT, "format": "date-time"},
        "created_at__after": {**TEXT, "format": "date-time"},
        "created_by_end_user_session_id": TEXT,
        "created_by_account": TEXT,
    },
}
QUERIES.update(knowledge.QUERIES)
"""Operation -> fields of its query; "!" marks those that must be there."""
BODIES: Final[dict[str, dict[str, Any]]] = {
    "annotation_create": {"question!": TEXT, "answer!": TEXT},
    "annotation_reply": {
        "score_threshold!": {"type": "number", "minimum": 0, "maximum": 1},
        "embedding_provider_name!": TEXT,
        "embedding_model_name!": TEXT,
    },
    "annotation_update": {"question!": TEXT, "answer!": TEXT},
    "chat_messages": {
        "query!": {**TEXT, "minLength": 1},
        "inputs!": ANYTHING,
        "response_mode": {"enum": ["streaming", "blocking", None]},
        "conversation_id": {"anyOf": [ID, {"const": ""}, {"type": "null"}]},
        "files": {"type": ["array", "null"], "items": FILE, "maxItems": 10},
        "auto_generate_name": FLAG,
        "workflow_id": ID,
        "trace_id": TEXT,
        "trace_session_id": {**TEXT, "minLength": 1, "maxLength": 200},
    },
    "conversation_name": {"name": {"type": ["string", "null"]}, "auto_generate": FLAG},
    "conversation_variable": {"value!": {}},
    "form_human_input_submit": {"inputs!": ANYTHING, "action!": TEXT},
    "text_to_audio": {
        "message_id": {"type": ["string", "null"]},
        "text": {"type": ["string", "null"]},
        "voice": {"type": ["string", "null"]},
        "streaming": FLAG,
    },
    "message_feedbacks": {"rating": {"enum": ["like", "dislike", None]}, "content": {"type": ["string", "null"]}},
}
BODIES.update(knowledge.BODIES)
REPLIES: Final[dict[str, tuple[int, Any]]] = {**APP_REPLIES, **knowledge.REPLIES}
EVENT: Final = {
    "type": "object",
    "properties": {
        "event": TEXT,
        "data": {
            **TEXT,
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/StreamEvent"},
        },
        "id": TEXT,
    },
}
"""An event of a stream; its data is one of `StreamEvent`, as JSON in a text."""
STREAMS: Final = ("chat_messages", "workflow_events")
REFUSALS: Final = (400, 401, 403, 404, 409, 413, 415, 429, 500)
DOCUMENT: Final = "/openapi.json"


@cache
def document() -> bytes:
    """The description as JSON."""
    shapes = [(get_args(shape) or (shape,))[0] for _, shape in REPLIES.values() if shape is not None]
    _, schemas = msgspec.json.schema_components(
        [*dict.fromkeys(shapes), wire.Paused, ErrorBody], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for action in found():
        paths.setdefault(f"/v1{action.route.path}", {})[action.route.method.lower()] = _operation(action)
    return wire.ascii_json(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "dbmedic",
                "version": __version__,
                "description": "The API that Dify clients speak, as dbmedic serves it.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": {**schemas, **event_schemas()},
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
                "responses": {
                    "refused": {
                        "description": "What is wrong.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
                    }
                },
            },
        }
    )


def _operation(action: Action) -> dict[str, Any]:
    route = action.route
    summary = (sys.modules[action.run.__module__].__doc__ or "").partition("\n")[0].partition(": ")[2]
    names = re.findall(r"\{(\w+)\}", route.path)
    parameters = [_parameter("path", name, TEXT if name in FREE else ID, required=True) for name in names]
    for name, schema in QUERIES.get(action.name, {}).items():
        parameters.append(_parameter("query", name.rstrip("!"), schema, required=name.endswith("!")))
    if route.user == "query" and route.reads == "query":
        parameters.append(_parameter("query", "user", TEXT, required=route.user_required))
    about: dict[str, Any] = {
        "operationId": action.name,
        "summary": summary[:1].upper() + summary[1:],
        "parameters": parameters,
        "responses": _responses(action.name),
    }
    if route.reads != "query":
        about["requestBody"] = _body(action)
    return about


def _parameter(place: str, name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _body(action: Action) -> dict[str, Any]:
    route = action.route
    fields: dict[str, Any] = dict(BODIES.get(action.name, {}))
    if route.user is not None:
        fields["user!" if route.user_required else "user"] = {**TEXT, "maxLength": wire.USER_CHARS}
    if route.reads == "form":
        optional = action.name in knowledge.OPTIONAL_FILE
        fields["file" if optional else "file!"] = {**TEXT, "format": "binary"}
    schema = {
        "type": "object",
        "properties": {name.rstrip("!"): one for name, one in fields.items()},
        "required": [name[:-1] for name in fields if name.endswith("!")],
    }
    kind = "multipart/form-data" if route.reads == "form" else "application/json"
    return {"required": True, "content": {kind: {"schema": schema}}}


def _responses(name: str) -> dict[str, Any]:
    status, shape = REPLIES.get(name, (200, None))
    content: dict[str, Any] = {}
    if shape is not None:
        content["application/json"] = {"schema": _schema(shape)}
    if name in knowledge.FILES:
        content[knowledge.FILES[name]] = {"schema": {**TEXT, "format": "binary"}}
    if name == "chat_messages":
        content["application/json"] = {"schema": {"anyOf": [_schema(wire.Answer), _schema(wire.Paused)]}}
    if name == "text_to_audio":
        content["audio/mpeg"] = {"schema": {**TEXT, "format": "binary"}}
        content["application/json"] = {"schema": {"type": "null"}}
    if name == "file_preview":
        content["*/*"] = {"schema": {**TEXT, "format": "binary"}}
    if name in STREAMS:
        content["text/event-stream"] = {"schema": EVENT}
    good: dict[str, Any] = {"description": "Done."}
    if content:
        good["content"] = content
    refused: dict[str, Any] = {str(one): {"$ref": "#/components/responses/refused"} for one in REFUSALS}
    for one, bare in knowledge.BARE_REFUSALS.get(name, {}).items():
        either = {"anyOf": [{"$ref": "#/components/schemas/ErrorBody"}, bare]}
        refused[one] = {"description": "What is wrong.", "content": {"application/json": {"schema": either}}}
    if name.startswith("form_human_input"):
        refused["412"] = refused["404"]
    if name == "file_preview":
        refused |= {"206": {**good, "description": "The part that was asked for."}, "416": refused["404"]}
    return {str(status): good, **refused}


def _schema(shape: Any) -> dict[str, Any]:
    """Where the schema of a reply is; a list is one of its items."""
    if items := get_args(shape):
        return {"type": "array", "items": _schema(items[0])}
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
