"""What every event of a stream must look like, as JSON Schema: written from the reference, and published.

A second account of the wire beside `frames.py`, on purpose: clients can check a stream against it, and our tests do.
"word" of a field is a name in `WORDS`, with "?" when it may be null; a field in `MAYBE` may be left out.
"""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = {"type": "string"}
COUNT: Final = {"type": "integer", "minimum": 0}
WORDS: Final[dict[str, dict[str, Any]]] = {
    "text": TEXT,
    "uuid": {"type": "string", "format": "uuid"},
    "flag": {"type": "boolean"},
    "count": COUNT,
    "time": {"type": "integer", "minimum": 1_500_000_000, "maximum": 5_000_000_000},
    "seconds": {"type": "number", "minimum": 0},
    "price": {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
    "object": {"type": "object"},
    "list": {"type": "array"},
    "texts": {"type": "array", "items": TEXT},
    "node": {"enum": ["succeeded", "failed", "exception", "stopped", "retry", "paused", "running"]},
    "end": {"enum": ["succeeded", "failed", "partial-succeeded", "stopped"]},
    "reason": {"enum": ["initial", "resumption"]},
}

IDS: Final = {"conversation_id": "uuid", "message_id": "uuid", "created_at": "time"}
TASK: Final = {"task_id": "uuid"}
RUN: Final = {**TASK, "workflow_run_id": "uuid"}

_NODE: Final[dict[str, Any]] = {
    "id": "uuid",
    "node_id": "text",
    "node_type": "text",
    "title": "text",
    "index": {"type": "integer", "minimum": 1},
    "predecessor_node_id": "text?",
    "inputs": "object?",
    "inputs_truncated": "flag",
    "created_at": "time",
    "iteration_id": "text?",
    "loop_id": "text?",
}
_ENDED: Final[dict[str, Any]] = {
    **_NODE,
    "process_data": "object?",
    "process_data_truncated": "flag",
    "outputs": "object?",
    "outputs_truncated": "flag",
    "status": "node",
    "error": "text?",
    "elapsed_time": "seconds",
    "execution_metadata": "object?",
    "finished_at": "time",
    "files": "list",
}
MAYBE: Final = {
    "node_started": ("inputs_truncated", "agent_strategy"),
    "node_finished": ("inputs_truncated", "process_data_truncated", "outputs_truncated"),
}
"""Event -> fields that its short form, in the state of a run that is taken up again, leaves out."""


def schema(fields: dict[str, Any], maybe: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object of exactly these fields."""
    return {
        "type": "object",
        "properties": {name: _field(one) for name, one in fields.items()},
        "required": [name for name in fields if name not in maybe],
        "additionalProperties": False,
    }


def _field(word: Any) -> dict[str, Any]:
    if not isinstance(word, str):
        return dict(word)
    one = WORDS[word.removesuffix("?")]
    return {"anyOf": [one, {"type": "null"}]} if word.endswith("?") else one


USAGE: Final = schema(
    {
        "prompt_tokens": "count",
        "prompt_unit_price": "price",
        "prompt_price_unit": "price",
        "prompt_price": "price",
        "completion_tokens": "count",
        "completion_unit_price": "price",
        "completion_price_unit": "price",
        "completion_price": "price",
        "total_tokens": "count",
        "total_price": "price",
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "latency": "seconds",
        "time_to_first_token": "seconds?",
        "time_to_generate": "seconds?",
    }
)
RESOURCE: Final = schema(
    {
        "position": {"type": "integer", "minimum": 1},
        "dataset_id": "text",
        "dataset_name": "text",
        "document_id": "text",
        "document_name": "text",
        "segment_id": "text",
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "content": "text",
        "data_source_type": "text?",
        "retriever_from": "text?",
        "hit_count": "count?",
        "word_count": "count?",
        "segment_position": "count?",
        "index_node_hash": "text?",
        "page": "count?",
        "doc_metadata": "object?",
        "title": "text?",
        "files": "list?",
        "summary": "text?",
    }
)
METADATA: Final = schema(
    {
        "annotation_reply": {
            "anyOf": [
                schema({"id": "text", "account": schema({"id": "text", "name": "text"})}),
                {"type": "null"},
            ]
        },
        "retriever_resources": {"type": "array", "items": RESOURCE},
        "usage": USAGE,
        "reasoning": {"type": "object", "additionalProperties": TEXT},
    }
)
ACTION: Final = {"id": "text", "title": "text", "button_style": "text"}

EVENTS: Final[dict[str, dict[str, Any]]] = {
    "message": {**TASK, "id": "uuid", "answer": "text", "from_variable_selector": "texts"},
    "message_replace": {**TASK, "answer": "text", "reason": "text"},
    "message_end": {**TASK, "id": "uuid", "metadata": METADATA, "files": "list"},
    "agent_log": {
        **TASK,
        "data": schema(
            {
                "node_execution_id": "uuid",
                "id": "uuid",
                "label": "text",
                "parent_id": "text?",
                "error": "text?",
                "status": "text",
                "data": "object",
                "metadata": "object",
                "node_id": "text",
            }
        ),
    },
    "workflow_started": {
        **RUN,
        "data": schema(
            {"id": "uuid", "workflow_id": "uuid", "inputs": "object", "created_at": "time", "reason": "reason"}
        ),
    },
    "node_started": {
        **RUN,
        "data": schema({**_NODE, "extras": "object", "agent_strategy": "object?"}, MAYBE["node_started"]),
    },
    "node_finished": {**RUN, "data": schema(_ENDED, MAYBE["node_finished"])},
    "node_retry": {**RUN, "data": schema({**_ENDED, "retry_index": {"type": "integer", "minimum": 1}})},
    "workflow_finished": {
        **RUN,
        "data": schema(
            {
                "id": "uuid",
                "workflow_id": "uuid",
                "status": "end",
                "outputs": "object?",
                "error": "text?",
                "elapsed_time": "seconds",
                "total_tokens": "count",
                "total_steps": "count",
                "created_by": schema({"id": "uuid", "user": "text"}),
                "created_at": "time",
                "finished_at": "time?",
                "exceptions_count": "count",
                "files": "list",
            }
        ),
    },
    "workflow_paused": {
        **RUN,
        "data": schema(
            {
                "workflow_run_id": "uuid",
                "paused_nodes": "list",
                "outputs": "object",
                "reasons": "list",
                "status": {"const": "paused"},
                "created_at": "time",
                "elapsed_time": "seconds",
                "total_tokens": "count",
                "total_steps": "count",
            }
        ),
    },
    "human_input_required": {
        **RUN,
        "data": schema(
            {
                "form_id": "text",
                "node_id": "text",
                "node_title": "text",
                "form_content": "text",
                "inputs": "list",
                "actions": {"type": "array", "minItems": 1, "items": schema(ACTION)},
                "display_in_ui": "flag",
                "form_token": "text?",
                "approval_channels": "list",
                "resolved_default_values": "object",
                "expiration_time": "time",
            }
        ),
    },
    "human_input_form_filled": {
        **RUN,
        "data": schema(
            {
                "node_id": "text",
                "node_title": "text",
                "rendered_content": "text",
                "action_id": "text",
                "action_text": "text",
                "submitted_data": "object?",
            }
        ),
    },
    "human_input_form_timeout": {
        **RUN,
        "data": schema({"node_id": "text", "node_title": "text", "expiration_time": "time"}),
    },
    "error": {"code": "text", "message": "text", "status": {"type": "integer", "minimum": 400, "maximum": 599}},
}
"""Event -> its fields beside `event` and those of `IDS`; no other event is ever sent."""


def schemas() -> dict[str, dict[str, Any]]:
    """Component name -> schema: one for each event, and `StreamEvent` for any of them."""
    found = {_name(event): _event(event, fields) for event, fields in EVENTS.items()}
    one_of = [{"$ref": f"#/components/schemas/{name}"} for name in found]
    mapping = {event: f"#/components/schemas/{_name(event)}" for event in EVENTS}
    return {**found, "StreamEvent": {"oneOf": one_of, "discriminator": {"propertyName": "event", "mapping": mapping}}}


def _event(event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """`error` may come alone, when a stream breaks before it knows what it is part of."""
    whole = {"event": {"const": event}, **IDS, **fields}
    return schema(whole, tuple(IDS) if event == "error" else ())


def _name(event: str) -> str:
    return "".join(part.capitalize() for part in event.split("_")) + "Event"
