"""`POST /chat-messages`: asks, and answers with a stream or with the whole message."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, broken, text
from dbmedic.api.dify.files import Named, named_files, taken
from dbmedic.api.dify.inputs import held
from dbmedic.api.dify.resume import Cursor, cursor, followed
from dbmedic.api.dify.whole import whole
from dbmedic.api.dify.wire import Fault, end_user_id, invalid, uuid_text, workflow_id
from dbmedic.api.http import Reply
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant, forms
from dbmedic.assistant.files import MOST
from dbmedic.assistant.published import Version
from dbmedic.core.events import LIVE_ONLY
from dbmedic.core.values import Caller, Question

ROUTE = Route("POST", "/chat-messages", user="body", user_required=True)
_WHOLE = ((b"content-type", b"application/json; charset=utf-8"),)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Request(Struct, frozen=True, kw_only=True):
    query: str
    inputs: dict[str, Any]
    streaming: bool
    conversation: str | None
    named: bool
    """Whether a new conversation gets a name for what it was about."""
    after: Cursor | None
    """Not None: frames have ids."""
    workflow: str | None
    files: tuple[Named, ...]


def parse(asked: Asked) -> Request:
    """Raises `Fault` 400 for the first field that is wrong."""
    fields = asked.fields
    inputs = fields.get("inputs")
    if not isinstance(inputs, dict):
        raise invalid("inputs: Field required" if inputs is None else "inputs: Input should be an object")
    query = text(fields, "query", required=True).replace("\0", "")
    if not query.strip():
        raise invalid("query is required")
    mode = fields.get("response_mode")
    if mode not in ("streaming", "blocking", None):
        raise invalid("response_mode: Input should be 'streaming' or 'blocking'")
    named = fields.get("auto_generate_name")
    conversation = text(fields, "conversation_id").strip()
    _trace_session(asked)
    return Request(
        query=query,
        inputs=inputs,
        streaming=mode == "streaming",
        conversation=uuid_text(conversation, "conversation_id") if conversation else None,
        named=named is None or boolean(named, "auto_generate_name"),
        after=cursor(last) if (last := asked.headers.get("last-event-id")) else None,
        workflow=_workflow(text(fields, "workflow_id")),
        files=named_files(fields.get("files")),
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply | Stream:
    version = await _version(assistant, request.workflow, caller)
    inputs = held(request.inputs, forms.whole(version.form if version else ()))
    named = (*request.files, *inputs.files)
    if len(named) > MOST:
        raise invalid(f"Number of files exceeds the maximum limit {MOST}")
    question = Question(
        text=request.query,
        caller=caller,
        api="dify",
        conversation=request.conversation,
        instance=inputs.values.get("instance", "").strip() or None,
        agent=version.agent if version else caller.app,
        inputs=inputs.values,
        files=await taken(assistant, named, caller),
        before=await assistant.chats.questions(request.conversation) if request.conversation else 0,
    )
    await assistant.people.seen(caller, end_user_id(caller))
    running = await assistant.turns.ask(question)
    if question.files:
        await assistant.files.send(question.files, running.id)
    if request.conversation is None and request.named:
        assistant.chats.name_when_closed(running)
    run_id = (b"x-workflow-run-id", running.run.encode())
    if request.streaming:
        return Stream(followed(running.batches(), request.after), headers=(run_id,), broken=broken())
    await running.closed.wait()
    try:
        answer = whole(entry for entry in running.entries if not isinstance(entry.event, LIVE_ONLY)).answer()
    except Fault as fault:
        raise Fault(fault.status, fault.code, fault.message, run_id) from None
    return Reply(200, msgspec.json.encode(answer), (*_WHOLE, run_id))


async def _version(assistant: Assistant, wanted: str | None, caller: Caller) -> Version | None:
    """What the app published last, or the version of this id; None is the built-in agent.  Raises `Fault` 404."""
    if wanted is None:
        return await assistant.published.newest(caller)
    if wanted == workflow_id(caller.app):
        return None
    for version in await assistant.published.all(caller):
        if wanted == workflow_id(caller.app, version.agent):
            return version
    raise Fault(404, "not_found", f"Workflow not found with id: {wanted}")


def _workflow(id: str) -> str | None:
    if id and not _UUID.fullmatch(id):
        raise Fault(400, "bad_request", f"Invalid workflow_id format: '{id}'. ")
    return id.lower() or None


def _trace_session(asked: Asked) -> None:
    """Checked and not used: a header, a query value or a field of 1 to 200 characters."""
    for value in (
        asked.headers.get("x-trace-session-id"),
        asked.query.get("trace_session_id"),
        asked.fields.get("trace_session_id"),
    ):
        if value is not None and not (isinstance(value, str) and 1 <= len(value) <= 200):
            raise Fault(400, "bad_request", "trace_session_id must have 1 to 200 characters")
