"""GetPolarAgent: asks, and answers with a stream of frames or with one object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from dbmedic.api.aliyun_agent import Answer as Whole
from dbmedic.api.aliyun_agent import Frame, Projection, error_frame, whole
from dbmedic.api.aliyun_fields import QUERY_CHARS, SOURCE_CHARS, Fields, json_object, session_id
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import Fault
from dbmedic.api.aliyun_running import told
from dbmedic.api.aliyun_sessions import ask
from dbmedic.api.polardb.wire import PRODUCT, SOURCE
from dbmedic.assistant import Assistant
from dbmedic.core.events import Entry

NAME = "GetPolarAgent"


class Request(Struct, frozen=True):
    query: str
    session: str | None
    source: str
    extra: dict[str, Any]


def parse(fields: Fields) -> Request:
    return Request(
        fields.required("Query", limit=QUERY_CHARS),
        session_id(fields),
        fields.text("Source", limit=SOURCE_CHARS) or SOURCE,
        json_object(fields, "ExtraInfo"),
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    inputs = {"Source": request.source, "ExtraInfo": request.extra}
    running, session = await ask(
        assistant, asked.caller, api="polardb", session=request.session, text=request.query, inputs=inputs
    )

    def folded(entries: Sequence[Entry]) -> Whole:
        projection = Projection(PRODUCT, session, asked.request_id)
        return whole([each for entry in entries for each in projection.feed(entry)])

    def broken(fault: Fault) -> Frame:
        return error_frame(fault, session=session, product=PRODUCT, request_id=asked.request_id)

    return await told(running, asked, Projection(PRODUCT, session, asked.request_id), folded, broken)
