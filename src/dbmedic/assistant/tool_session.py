"""One connection to another MCP server, by the `mcp` package; imported when there is a server to connect to."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2
import mcp
import mcp_types as types
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from dbmedic.assistant.tool_servers import MOST_TOOLS, Described, ServerSetting, Session, unreachable
from dbmedic.core.errors import OutsideFailed, Timeout

CONNECT_S: Final = 20.0
PULSE_S: Final = 60.0
"""How often a server is asked whether it is still there."""


@contextlib.asynccontextmanager
async def connected(name: str, setting: ServerSetting) -> AsyncIterator[Session]:
    """A session that answers.  Raises `OutsideFailed` when there is none, and when it breaks off."""
    ended, doubt = asyncio.Event(), asyncio.Event()
    try:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                client = await stack.enter_async_context(await _client(stack, setting))
                tools = await _tools(client)
            pulse = asyncio.create_task(_pulse(client, doubt, ended))
            stack.callback(pulse.cancel)

            async def call(tool: str, args: dict[str, Any]) -> tuple[str, bool]:
                try:
                    async with asyncio.timeout(setting.timeout_s):
                        result = await client.call_tool(tool, args)
                except TimeoutError:
                    raise Timeout(setting.timeout_s, f"{tool} of the MCP server {name}") from None
                except MCPError as error:
                    doubt.set()  # a connection that was closed looks the same
                    raise OutsideFailed(f"the MCP server {name} refuses {tool}: {str(error)[:1000]}") from error
                except Exception as problem:  # the transport's own: the connection is gone
                    ended.set()
                    raise unreachable(name, problem) from problem
                return _text(result), not result.is_error

            yield Session(tools, call, ended)
    except (OutsideFailed, asyncio.CancelledError):
        raise
    except BaseException as problem:  # a group of whatever the transport's tasks raised
        if isinstance(problem, KeyboardInterrupt | SystemExit):
            raise
        raise unreachable(name, _first(problem)) from problem


async def _client(stack: contextlib.AsyncExitStack, setting: ServerSetting) -> mcp.Client:
    if setting.command:
        quiet = stack.enter_context(open(os.devnull, "w"))  # noqa: ASYNC230, PTH123, SIM115 - a device, which never waits
        how = StdioServerParameters(command=setting.command, args=list(setting.args), env=setting.env or None)
        return mcp.Client(stdio_client(how, errlog=quiet), read_timeout_seconds=setting.timeout_s)
    http = await stack.enter_async_context(httpx2.AsyncClient(headers=setting.headers, timeout=setting.timeout_s))
    return mcp.Client(streamable_http_client(setting.url, http_client=http), read_timeout_seconds=setting.timeout_s)


async def _tools(client: mcp.Client) -> list[Described]:
    found: list[Described] = []
    cursor: str | None = None
    while len(found) < MOST_TOOLS:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            hints = tool.annotations or types.ToolAnnotations()
            found.append(
                Described(
                    tool.name,
                    tool.description or "",
                    tool.input_schema,
                    reads=hints.read_only_hint is True,
                    destroys=hints.destructive_hint is not False,
                )
            )
        if not (cursor := page.next_cursor):
            break
    return found


async def _pulse(client: mcp.Client, doubt: asyncio.Event, ended: asyncio.Event) -> None:
    """Ends the session once the server does not answer any more; looks at once where there is doubt."""
    with contextlib.suppress(Exception):  # whatever it is, the session is of no use any more
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(doubt.wait(), PULSE_S)
            doubt.clear()
            async with asyncio.timeout(CONNECT_S):
                await client.list_tools(cache_mode="bypass")
    ended.set()


def _text(result: types.CallToolResult) -> str:
    """The texts of a result; what is none is named, not shown."""
    parts = [part.text if isinstance(part, types.TextContent) else f"[{part.type}]" for part in result.content]
    return "\n".join(parts)


def _first(problem: BaseException) -> BaseException:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem
