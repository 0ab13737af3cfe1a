"""DescribePolarAgentUserSessions: the caller's conversations, begun by whatever API, newest first; it has no pages."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import SOURCE_CHARS, Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import cut
from dbmedic.api.polardb.wire import ACTIVE
from dbmedic.assistant import Assistant

NAME = "DescribePolarAgentUserSessions"
MOST = 100
TITLE_CHARS = 200


def parse(fields: Fields) -> None:
    fields.text("Source", limit=SOURCE_CHARS)


async def run(assistant: Assistant, _: None, asked: Asked) -> Answer:
    page = await assistant.conversations.list(asked.caller, limit=MOST, sort="-updated_at")
    ids = [one.id for one in page.rows]
    names = await assistant.sessions.names(ids, api="polardb")
    first = await assistant.conversations.first_questions(ids)
    return {
        "Data": [
            {
                "SessionId": names[one.id],
                "Title": cut(first[one.id].text if one.id in first else one.name, TITLE_CHARS),
                "SessionStatus": ACTIVE,
            }
            for one in page.rows
        ]
    }
