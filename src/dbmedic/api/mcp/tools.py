"""dbmedic's tools as MCP has them.  A call is a turn; one that changes something ends in a request for an approval."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any, Final

import mcp_types as types
import msgspec
from mcp.shared.exceptions import MCPError
from msgspec import Meta, Struct

from dbmedic.api.mcp import asking
from dbmedic.api.mcp.wire import INVALID_PARAMS, code_of
from dbmedic.assistant import Assistant
from dbmedic.assistant.approvals import Approval
from dbmedic.assistant.calls import API, Returned, question, returned
from dbmedic.core.errors import Busy, Failure, NotFound
from dbmedic.core.events import TurnOpened
from dbmedic.core.values import Caller, ToolSpec

STATUS: Final = "approval_status"
WAIT_S: Final = 30.0
POLL_S: Final = 0.2
ELSEWHERE: Final = "__"
"""In the name of a tool that is another server's: those are not handed on."""
TEXT_CHARS: Final = 200_000
_ADDS: Final = frozenset({"create_index"})
"""Tools that change something and only add to what is there."""
_WAITS: Final = (
    "\n\nOver MCP a call changes nothing: it asks for an approval and returns its id, which `approval_status` takes."
)


class StatusArgs(Struct, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `approval_status`."""

    approval: Annotated[str, Meta(max_length=200)]
    wait_s: Annotated[float, Meta(ge=0, le=WAIT_S)] = 0.0


async def listed(assistant: Assistant, caller: Caller) -> list[types.Tool]:
    """What the caller, and the agent of its app, may call; without the right `ask` nothing that changes anything."""
    asks = "ask" in caller.rights
    acting = await assistant.agents.acting(question("", {}, caller, await _agent(assistant, caller)))
    limits = acting.tools if acting is not None else None
    own = [one for one in assistant.turns.tools if ELSEWHERE not in one.name and (limits is None or one.name in limits)]
    found = [_tool(spec) for spec in own if asks or not spec.writes]
    return [*found, asking.tool(), _status_tool()] if asks else found


async def called(assistant: Assistant, caller: Caller, name: str, args: dict[str, Any]) -> types.CallToolResult:
    """What came of a call.  Raises `MCPError` for a tool that the caller does not have."""
    allowed = {tool.name for tool in await listed(assistant, caller)}
    if name not in allowed:
        raise MCPError(INVALID_PARAMS, f"There is no tool {name!r} for this key; tools: {', '.join(sorted(allowed))}.")
    try:
        if name == STATUS:
            return await _status(assistant, caller, args)
        if name == asking.ASK:
            text, ok, turn = await asking.answered(assistant, caller, args, await _agent(assistant, caller))
            return _text(text, ok=ok, meta={"dbmedic/turn": turn})
        running = await assistant.turns.call(name, args, caller, await _agent(assistant, caller))
        await running.closed.wait()
        return _result(returned(running.id, running.entries))
    except Busy as busy:
        data = {"code": busy.code, "retry_after_s": busy.retry_after_s}
        raise MCPError(code_of(busy), str(busy), data) from busy
    except Failure as failure:
        return _text(f"{failure.code}: {failure}", ok=False)


async def _agent(assistant: Assistant, caller: Caller) -> str | None:
    """The agent of the caller's app: what was published last, or the built-in one."""
    version = await assistant.published.newest(caller) if caller.app is not None else None
    return version.agent if version is not None else caller.app


def _tool(spec: ToolSpec) -> types.Tool:
    hints = types.ToolAnnotations(
        title=spec.name.replace("_", " ").capitalize(),
        read_only_hint=not spec.writes,
        destructive_hint=spec.writes and spec.name not in _ADDS,
        idempotent_hint=not spec.writes,
        open_world_hint=False,
    )
    words = spec.description + (_WAITS if spec.writes else "")
    return types.Tool(name=spec.name, description=words, input_schema=spec.schema, annotations=hints)


def _status_tool() -> types.Tool:
    schema = {
        "type": "object",
        "properties": {
            "approval": {"type": "string", "description": "The id that the call of a tool returned."},
            "wait_s": {
                "type": "number", "minimum": 0, "maximum": WAIT_S, "default": 0,
                "description": "Waits so many seconds for a decision and its effect.",
            },
        },
        "required": ["approval"],
        "additionalProperties": False,
    }  # fmt: skip
    return types.Tool(
        name=STATUS,
        description="What came of a change that was asked for: it waits, was refused, has expired, or was granted and "
        "run, with its effect.  It decides nothing: a person does.",
        input_schema=schema,
        annotations=types.ToolAnnotations(
            title="Approval status", read_only_hint=True, destructive_hint=False, open_world_hint=False
        ),
    )


async def _status(assistant: Assistant, caller: Caller, args: dict[str, Any]) -> types.CallToolResult:
    try:
        asked = msgspec.convert(args, StatusArgs, strict=False)
    except msgspec.ValidationError as problem:
        return _text(f"bad_field: {STATUS}: {problem}", ok=False)
    loop = asyncio.get_running_loop()
    until = loop.time() + asked.wait_s
    while True:
        found = await assistant.approvals.get(asked.approval, caller)
        so_far = await _so_far(assistant, caller, found)
        if so_far is None or so_far.closed or loop.time() >= until:
            break
        await asyncio.sleep(POLL_S)
    if so_far is None:
        return _text(f"Approval {found.id} is {found.status}; its conversation is not this key's.")
    if so_far.approval or so_far.closed:
        return _result(so_far)
    return _text(f"Approval {found.id} is {found.status}; its change has not ended yet: ask again.")


async def _so_far(assistant: Assistant, caller: Caller, found: Approval) -> Returned | None:
    """How far the call of an approval has come; None for somebody else's, or one that another API asked for."""
    try:
        entries = await assistant.conversations.turn(found.turn, caller)
    except NotFound:
        return None
    opened = entries[0].event
    if not isinstance(opened, TurnOpened) or opened.question.api != API:
        return None
    so_far = returned(found.turn, entries)
    if not so_far.closed and not await assistant.approvals.undecided(found.turn):
        with contextlib.suppress(NotFound, Busy):  # it goes on here, unless another process was faster
            await assistant.turns.resume(found.turn, caller.key)
    return so_far


def _result(found: Returned) -> types.CallToolResult:
    meta: dict[str, Any] = {"dbmedic/turn": found.turn}
    if found.approval:
        meta["dbmedic/approval"] = found.approval
    return _text(found.content, ok=found.ok, meta=meta)


def _text(text: str, *, ok: bool = True, meta: dict[str, Any] | None = None) -> types.CallToolResult:
    if len(text) > TEXT_CHARS:
        text = f"{text[:TEXT_CHARS]}\n… {len(text) - TEXT_CHARS} more characters left out"
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=not ok, _meta=meta)
