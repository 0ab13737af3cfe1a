"""`GET /end-users/{id}`: somebody who used the app."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.wire import DEFAULT_USER, Fault
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/end-users/{end_user_id}")


def parse(asked: Asked) -> str:
    """The id of the end user."""
    return path_id(asked, "end_user_id")


async def run(assistant: Assistant, id: str, caller: Caller) -> Reply:
    try:
        person = await assistant.people.end_user(id, caller)
    except NotFound:
        raise Fault(404, "end_user_not_found", "End user not found.") from None
    at = person.created_at.isoformat()
    return json_reply(
        {
            "id": person.id,
            "tenant_id": caller.account,
            "app_id": person.app,
            "type": "service-api",
            "external_user_id": None,
            "name": None,
            "is_anonymous": person.text == DEFAULT_USER,
            "session_id": person.text,
            "created_at": at,
            "updated_at": at,
        }
    )
