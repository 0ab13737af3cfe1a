"""`POST /retrieval`: a dataset as the external knowledge base of a Dify; `knowledge_id` is the id of the dataset.

Its errors have a shape of their own, so it looks at the key itself.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.retrieval_model import DEFAULT, retrieval_model, search_of
from dbmedic.api.dify.wire import Fault, invalid, secret
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound, NotSignedIn
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/retrieval", keeps="anyone")
BAD_HEADER, BAD_KEY, NO_KNOWLEDGE = 1001, 1002, 2001
QUERY_CHARS: Final = 2_000


class Request(Struct, frozen=True):
    authorization: str | None
    knowledge: str
    query: str
    model: dict[str, Any]


def parse(asked: Asked) -> Request:
    setting = asked.fields.get("retrieval_setting")
    if not isinstance(setting, dict):
        raise invalid("retrieval_setting: Field required")
    condition = asked.fields.get("metadata_condition")
    model = {
        **DEFAULT,
        "top_k": setting.get("top_k", DEFAULT["top_k"]),
        "score_threshold": setting.get("score_threshold"),
        "score_threshold_enabled": setting.get("score_threshold") is not None,
        "metadata_filtering_conditions": _conditions(condition) if isinstance(condition, dict) else None,
    }
    query = text(asked.fields, "query", required=True)
    if not query.strip() or len(query) > QUERY_CHARS:
        raise invalid(f"query: 1 to {QUERY_CHARS} characters")
    knowledge = text(asked.fields, "knowledge_id", required=True).lower()
    return Request(asked.headers.get("authorization"), knowledge, query, retrieval_model(model) or DEFAULT)


async def run(assistant: Assistant, request: Request, _: Caller) -> Reply:
    try:
        caller = await assistant.keys.sign_in(secret(request.authorization))
    except Fault as fault:
        return refused(403, BAD_HEADER, fault.message)
    except NotSignedIn:
        return refused(403, BAD_KEY, "Authorization failed")
    if caller.app is not None:
        return refused(403, BAD_KEY, "Authorization failed: this is the key of an app, not of a dataset")
    try:
        dataset = await assistant.knowledge.datasets.get(request.knowledge, caller)
    except NotFound:
        return refused(404, NO_KNOWLEDGE, "The knowledge does not exist")
    hits = await assistant.knowledge.retrieval.find(request.query, [dataset], search_of(request.model))
    records = [
        {
            "content": hit.segment.text,
            "score": hit.score,
            "title": hit.document.name,
            "metadata": {"document_id": hit.document.id, "segment_id": hit.segment.id},
        }
        for hit in hits
    ]
    return json_reply({"records": records})


def refused(status: int, code: int, message: str) -> Reply:
    return json_reply({"error_code": code, "error_msg": message}, status)


def _conditions(condition: dict[str, Any]) -> dict[str, Any]:
    """This side names several fields at once; each is a condition."""
    given = condition.get("conditions")
    flat = [
        {**one, "name": name}
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict)
        for name in (one["name"] if isinstance(one.get("name"), list) else [one.get("name")])
    ]
    return {"logical_operator": condition.get("logical_operator"), "conditions": flat}
