"""Tools of other MCP servers, offered to the agent beside its own as `server__tool`.

A server is kept connected by a task of its own: its tools are there while it answers, and gone while it does not, so it
never holds up a turn.  A tool that does not say it only reads is one that changes something: a person is asked first,
and exactly the arguments that were granted are sent.  What a tool returns is data for the model, cut to a limit.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import structlog
from msgspec import Struct

from dbmedic.agent.approval import bound
from dbmedic.agent.tool import Context, Tool
from dbmedic.core.errors import BadField, Bug, OutsideFailed, TooLarge, Unreachable, WriteRefused
from dbmedic.core.ports import Now
from dbmedic.core.values import Proposal, ToolSpec

logger = structlog.get_logger("dbmedic.mcp")

MOST_TOOLS: Final = 64
SCHEMA_BYTES: Final = 16_384
WORDS_CHARS: Final = 1000
ARGS_BYTES: Final = 65_536
RESULT_CHARS: Final = 40_000
AGAIN_S: Final = (1.0, 5.0, 30.0, 120.0)
"""Waits before a server that failed is tried again."""
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,31}")
_TOOL: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}")


class ServerSetting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server of the file: a command that speaks MCP on its pipes, or an address."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""
    headers: dict[str, str] = {}
    timeout_s: float = 60.0
    """Longest time of one call."""
    approval: Literal["writes", "all"] = "writes"
    """"all": a person is asked before tools that only read, too, for what they are told leaves dbmedic."""


class Described(NamedTuple):
    """A tool as its server describes it."""

    name: str
    words: str
    schema: dict[str, Any]
    reads: bool
    destroys: bool


class Session(NamedTuple):
    """A connection that answers."""

    tools: list[Described]
    call: Callable[[str, dict[str, Any]], Awaitable[tuple[str, bool]]]
    """Name and arguments -> text, and whether the tool says it worked.  Raises `OutsideFailed`."""
    ended: asyncio.Event
    """Set by whoever finds that it does not answer any more."""


def servers(file: Path) -> dict[str, ServerSetting]:
    """The servers of a file as other MCP clients have it: `{"mcpServers": {NAME: {…}}}`.  Raises `BadField`."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, ServerSetting]])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise BadField("mcp_servers", f"{file}: {problem}") from problem
    named = found.get("mcpServers", {})
    for name, setting in named.items():
        if not _NAME.fullmatch(name):
            raise BadField("mcp_servers", f"{file}: {name[:50]!r} is no name: a letter, then letters, digits and -")
        if bool(setting.command) == bool(setting.url) or not 0 < setting.timeout_s <= 3600:
            raise BadField("mcp_servers", f"{file}: {name} needs a command or a url, and timeout_s up to 3600")
    return named


class Loose(Tool):
    """A tool whose arguments its own server checks."""

    def _given(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"args": args}


class ToolServers:
    """Keeps `tools` in step with what the servers offer."""

    def __init__(self, settings: dict[str, ServerSetting], tools: MutableMapping[str, Tool], *, now: Now) -> None:
        self._settings, self._tools, self._now = settings, tools, now
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Connects in the background; returns at once."""
        for name, setting in self._settings.items():
            self._tasks.append(asyncio.create_task(self._keep(name, setting), name=f"mcp {name}"))

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _keep(self, name: str, setting: ServerSetting) -> None:
        from dbmedic.assistant.tool_session import connected

        failures = 0
        while True:
            offered: list[str] = []
            try:
                async with connected(name, setting) as session:
                    failures = 0
                    for tool in offers(name, setting, session, self._now):
                        self._tools[tool.spec.name] = tool
                        offered.append(tool.spec.name)
                    logger.info("tools of an MCP server", server=name, tools=len(offered))
                    await session.ended.wait()
            except OutsideFailed as failure:
                logger.warning("MCP server does not answer", server=name, error=str(failure))
            except Exception:
                logger.exception("MCP server failed", server=name)
            finally:
                for one in offered:
                    self._tools.pop(one, None)
            await asyncio.sleep(AGAIN_S[min(failures, len(AGAIN_S) - 1)])
            failures += 1


def offers(server: str, setting: ServerSetting, session: Session, now: Now) -> list[Tool]:
    """The tools of a server that can be offered; one with an odd name or a huge schema is left out."""
    found: list[Tool] = []
    for one in session.tools[:MOST_TOOLS]:
        name = f"{server}__{re.sub('[^a-zA-Z0-9_-]', '_', one.name)}"
        if not _TOOL.fullmatch(one.name) or len(name) > 64 or len(msgspec.json.encode(one.schema)) > SCHEMA_BYTES:
            logger.warning("tool of an MCP server left out", server=server, tool=one.name[:100])
            continue
        writes = not one.reads or setting.approval == "all"
        words = f"A tool of the MCP server {server}, which is not dbmedic's own.  {one.words[:WORDS_CHARS]}"
        spec = ToolSpec(name=name, description=words, schema=one.schema, writes=writes)
        found.append(_tool(spec, server, one, session, now))
    return found


def _tool(spec: ToolSpec, server: str, one: Described, session: Session, now: Now) -> Tool:
    place = f"mcp:{server}"

    async def run(context: Context, args: dict[str, Any]) -> str:
        if spec.writes:
            args = _granted(context)
        text, ok = await session.call(one.name, args)
        if len(text) > RESULT_CHARS:
            text = f"{text[:RESULT_CHARS]}\n… {len(text) - RESULT_CHARS} more characters left out"
        if not ok:
            raise OutsideFailed(f"{server} says of {one.name}: {text}")
        return text

    def _granted(context: Context) -> dict[str, Any]:
        granted = context.approved
        if granted is None:
            raise Bug(f"{spec.name} was to run without a grant")
        if bound(granted.statement, place, one.name, "", "tool") != granted.digest:
            raise WriteRefused(granted.statement, "this is not what was granted; nothing was sent")
        if now() >= granted.until:
            raise WriteRefused(granted.statement, f"the grant ended at {granted.until:%H:%M} UTC; nothing was sent")
        args: dict[str, Any] = msgspec.json.decode(granted.statement)
        return args

    async def proposes(context: Context, args: dict[str, Any]) -> Proposal:  # noqa: ARG001 - as every proposal
        await asyncio.sleep(0)
        statement = msgspec.json.encode(args)
        if len(statement) > ARGS_BYTES:
            raise TooLarge("arguments", len(statement), ARGS_BYTES)
        said = "It says that it may destroy something." if one.destroys else "It says that it destroys nothing."
        reads = "It says that it only reads; what it is told leaves dbmedic." if one.reads else said
        return Proposal(
            instance=place,
            statement=statement.decode(),
            kind="tool",
            risk=f"unknown: what {one.name} does is up to the MCP server {server}.  {reads}",
            description=f"call {one.name} of the MCP server {server} with exactly these arguments",
            database=one.name,
            dangerous=one.destroys and not one.reads,
        )

    return Loose(spec, run, Struct, proposes if spec.writes else None)


def unreachable(server: str, problem: object) -> Unreachable:
    """What is said of a server that cannot be reached or has broken off."""
    return Unreachable(f"the MCP server {server} does not answer: {str(problem)[:300] or type(problem).__name__}")
