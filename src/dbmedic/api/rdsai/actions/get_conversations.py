"""GetConversations: the caller's conversations, newest first, begun by whatever API."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import cut
from dbmedic.api.rdsai.wire import seconds
from dbmedic.assistant import Assistant
from dbmedic.assistant.conversations import Sort

NAME = "GetConversations"
SORTS: dict[str, Sort] = {
    "CreatedAt": "-created_at",
    "UpdatedAt": "-updated_at",
    "created_at": "-created_at",
    "updated_at": "-updated_at",
}
"""Always newest first; a leading hyphen says the same."""
STATES = {"running": "running", "waiting": "pending_approval"}
INTRODUCTION_CHARS = 500


class Request(Struct, frozen=True):
    last: str | None
    limit: int
    pinned: bool
    sort: Sort


def parse(fields: Fields) -> Request:
    names = [*SORTS, *(f"-{name}" for name in SORTS)]
    sort = fields.choice("SortBy", names, "UpdatedAt").removeprefix("-")
    limit = fields.integer("Limit", 100, 1, 100)
    return Request(fields.text("LastId"), limit, bool(fields.boolean("Pinned")), SORTS[sort])


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    conversations = assistant.conversations
    if request.pinned:  # nothing can be pinned through this API
        return {"Data": [], "HasMore": "false", "Limit": request.limit}
    page = await conversations.list(asked.caller, after=request.last, limit=request.limit, sort=request.sort)
    ids = [one.id for one in page.rows]
    first, states = await conversations.first_questions(ids), await conversations.states(ids)
    rows: list[dict[str, Any]] = [
        {
            "Id": one.id,
            "Name": one.name,
            "Introduction": cut(first[one.id].text, INTRODUCTION_CHARS) if one.id in first else "",
            "CreatedAt": seconds(one.created_at),
            "UpdatedAt": seconds(one.updated_at),
            "IsRunning": states.get(one.id) == "running",
            "Status": STATES.get(states.get(one.id, ""), "idle"),
        }
        for one in page.rows
    ]
    return {"Data": rows, "HasMore": "true" if page.has_more else "false", "Limit": request.limit}
