"""GetDasAgentSSE: asks, and answers with a stream of frames or with one object."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dbmedic.api.aliyun_fields import QUERY_CHARS, Fields, session_id
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import Fault
from dbmedic.api.aliyun_running import told
from dbmedic.api.aliyun_sessions import ask
from dbmedic.api.aliyun_turn import DEFAULT_AGENT
from dbmedic.api.das.sse import ERROR_CODE, Frame, Metadata, Projection, whole
from dbmedic.assistant import Assistant
from dbmedic.core.events import Entry

NAME = "GetDasAgentSSE"


class Request(Struct, frozen=True):
    query: str
    instance: str | None
    session: str | None
    agent: str


def parse(fields: Fields) -> Request:
    return Request(
        fields.required("Query", limit=QUERY_CHARS),
        fields.text("InstanceId"),
        session_id(fields),
        fields.text("AgentId") or DEFAULT_AGENT,
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    running, session = await ask(
        assistant,
        asked.caller,
        api="das",
        session=request.session,
        text=request.query,
        inputs={},
        agent=request.agent,
        instance=request.instance,
    )

    def folded(entries: Sequence[Entry]) -> Frame:
        projection = Projection(session, asked.request_id)
        return whole([each for entry in entries for each in projection.feed(entry)])

    def broken(fault: Fault) -> Frame:
        metadata = Metadata(code=ERROR_CODE, request_id=asked.request_id)
        return Frame(id=session, answer=fault.message, event="error", metadata=metadata)

    return await told(running, asked, Projection(session, asked.request_id), folded, broken)
