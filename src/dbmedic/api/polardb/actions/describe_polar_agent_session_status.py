"""DescribePolarAgentSessionStatus: whether a session can be continued."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.polardb.wire import ACTIVE, CLOSED, session_required
from dbmedic.assistant import Assistant

NAME = "DescribePolarAgentSessionStatus"


def parse(fields: Fields) -> str:
    return session_required(fields)


async def run(assistant: Assistant, session: str, asked: Asked) -> Answer:
    """An unknown session cannot."""
    found = await assistant.sessions.find(session, asked.caller, api="polardb")
    return {"Status": CLOSED if found is None else ACTIVE}
