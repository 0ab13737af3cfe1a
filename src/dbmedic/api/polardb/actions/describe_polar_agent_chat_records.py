"""DescribePolarAgentChatRecords: the questions and answers of a session, oldest first; it has no pages."""

from __future__ import annotations

from typing import Any

from dbmedic.api.aliyun_agent import answer_text
from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.polardb.wire import FEEDBACK, session_required
from dbmedic.assistant import Assistant
from dbmedic.core.events import TurnOpened

NAME = "DescribePolarAgentChatRecords"
MOST = 1000
"""Records in one answer; the newest ones."""
PAGE = 100


def parse(fields: Fields) -> str:
    return session_required(fields)


async def run(assistant: Assistant, session: str, asked: Asked) -> Answer:
    """A session that is not known has no records."""
    conversation = await assistant.sessions.find(session, asked.caller, api="polardb")
    rows: list[dict[str, Any]] = []
    before, more = None, conversation is not None
    while more and conversation is not None and len(rows) < MOST:
        page = await assistant.conversations.messages(conversation, asked.caller, before=before, limit=PAGE)
        ratings = await assistant.feedback.of([log[0].turn for log in page.rows])
        older = []
        for log in page.rows:
            opened = log[0].event
            assert isinstance(opened, TurnOpened)
            record = {"SessionId": session, "QueryId": opened.turn, "Query": opened.question.text}
            feedback = FEEDBACK[ratings.get(opened.turn)]
            older.append(record | {"Answer": answer_text(log), "FeedbackType": feedback})
        rows = [*older, *rows]
        more = page.has_more
        before = page.rows[0][0].turn if page.rows else None
    return {"Data": rows}
