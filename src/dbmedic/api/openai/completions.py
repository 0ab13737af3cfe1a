"""`POST /v1/chat/completions`: a transcript in, the next answer out.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

from dbmedic.api.http import Reply
from dbmedic.api.openai.answering import asked, kept
from dbmedic.api.openai.asking import model_of, no_tools_of_yours, question, transcript
from dbmedic.api.openai.chunks import Chunks, streamed, whole
from dbmedic.api.openai.limits import limits
from dbmedic.api.openai.wire import HEADERS, flag, internal, json_reply, text, wrong
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller
from dbmedic.kit.sse import COMMENT


async def create(assistant: Assistant, caller: Caller, fields: dict[str, Any]) -> Reply | Stream:
    """Sampling parameters are taken and not used: what dbmedic says was measured, not sampled."""
    model = model_of(fields)
    if fields.get("n") not in (None, 1):
        wrong("n", "dbmedic gives one answer")
    form = fields.get("response_format")
    if isinstance(form, dict) and form.get("type") not in (None, "text"):
        wrong("response_format", "dbmedic answers in text")
    no_tools_of_yours(fields)
    talk = transcript(fields.get("messages"), "messages")
    options = fields.get("stream_options") or {}
    if not isinstance(options, dict):
        wrong("stream_options", "expected an object")
    thinking = text(fields, "reasoning_effort")
    running = await asked(assistant, await question(assistant, caller, model, talk, thinking=thinking), model, talk)
    if flag(fields, "stream"):
        chunks = Chunks(model, include_usage=flag(options, "include_usage"))
        broken = b"data: %b\n\n" % internal().body()
        more = (*HEADERS, *limits(assistant, caller))
        return Stream(streamed(running.batches(), chunks), headers=more, ping=COMMENT, broken=broken)
    more = limits(assistant, caller)
    await running.closed.wait()
    return json_reply(whole(kept(running), model), more=more)
