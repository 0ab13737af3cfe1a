"""Tools of other MCP servers: real processes on their pipes, and dbmedic itself over HTTP as such a server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent.playing import Script
from api.serving import served
from dbmedic import app
from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.tool_servers import servers
from dbmedic.config import Config
from dbmedic.core.errors import BadField
from dbmedic.core.events import ApprovalRequested, ToolReturned
from dbmedic.core.values import Call, Piece, Question, Text

ODD = Path(__file__).parent / "odd_tools.py"


@contextlib.asynccontextmanager
async def working(folder: Path, named: dict[str, object], *replies: list[Piece]) -> AsyncIterator[app.Parts]:
    """An assistant whose model plays these replies, once every server that can be reached has been."""
    file = folder / "servers.json"
    file.write_text(json.dumps({"mcpServers": named}))
    config = Config(data=None, mcp_servers=file)
    parts = await app.build(config, models={"script": Script(*replies)})
    assert parts.tool_servers is not None
    parts.tool_servers.begin()
    try:
        yield parts
    finally:
        await parts.close()


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not fact():
            await asyncio.sleep(0.05)


def offered(parts: app.Parts) -> set[str]:
    return {tool.name for tool in parts.assistant.turns.tools if "__" in tool.name}


def odd(folder: Path, **more: object) -> dict[str, object]:
    return {"command": sys.executable, "args": [str(ODD), str(folder / "changed")], **more}


async def asked(parts: app.Parts) -> dict[str, ToolReturned]:
    running = await parts.assistant.turns.ask(Question(text="go", caller=LOCAL, api="cli"))
    await running.closed.wait()
    return {one.event.call: one.event for one in running.entries if isinstance(one.event, ToolReturned)}


async def test_tools_are_offered_used_bounded_and_gone_with_their_server(tmp_path: Path) -> None:
    calls: list[Piece] = [Call(name, f"odd__{name}", {"city": "Oslo"}) for name in ("weather", "huge", "slow", "fails")]
    named = {"odd": odd(tmp_path, timeout_s=1.0), "gone": {"command": "/no/such/program"}}
    async with working(tmp_path, named, calls, [Call("dies", "odd__dies", {})], [Text("Done.")]) as parts:
        await until(lambda: bool(offered(parts)))
        tools = {tool.name: tool for tool in parts.assistant.turns.tools}
        assert offered(parts) == {f"odd__{name}" for name in ("weather", "restart", "huge", "slow", "fails", "dies")}
        assert "not dbmedic's own" in tools["odd__weather"].description
        assert [name for name in sorted(offered(parts)) if tools[name].writes] == ["odd__restart"]
        heard = await asked(parts)
        said = parts.models["script"].requests[1].messages  # type: ignore[attr-defined]
        await until(lambda: not offered(parts))
    assert heard["weather"].content.startswith("Sunny in Oslo.")
    assert len(heard["huge"].content) < 50_000
    assert "timeout" in heard["slow"].content
    assert (heard["fails"].ok, "odd says of fails" in heard["fails"].content) == (False, True)
    assert not heard["dies"].ok
    shown = next(message.text for message in said if "Sunny" in message.text)
    assert shown.count("</data>") == 1, "what a tool returned cannot close its fence"


@pytest.mark.parametrize("granted", [True, False])
async def test_a_tool_that_may_change_something_waits_for_a_person(tmp_path: Path, granted: bool) -> None:
    wants: list[Piece] = [Call("k1", "odd__restart", {"city": "Oslo", "n": 1})]
    async with working(tmp_path, {"odd": odd(tmp_path)}, wants, [Text("Done.")]) as parts:
        await until(lambda: bool(offered(parts)))
        running = await parts.assistant.turns.ask(Question(text="go", caller=LOCAL, api="cli"))
        await running.closed.wait()
        (approval,) = await parts.assistant.approvals.asked(LOCAL)
        assert (approval.request.instance, approval.request.kind) == ("mcp:odd", "tool")
        assert json.loads(approval.request.statement) == {"city": "Oslo", "n": 1}
        assert isinstance(approval.request, ApprovalRequested)
        assert not (tmp_path / "changed").exists()
        await parts.assistant.approvals.decide(approval.id, LOCAL, granted=granted)
        again = await parts.assistant.turns.resume(running.id, "local")
        await again.closed.wait()
        (heard,) = [one.event for one in again.entries if isinstance(one.event, ToolReturned)]
    assert heard.ok == granted
    lines = (tmp_path / "changed").read_text().splitlines() if granted else []
    assert [json.loads(line) for line in lines] == ([{"city": "Oslo", "n": 1}] if granted else [])
    assert (tmp_path / "changed").exists() == granted


async def test_a_server_may_be_trusted_with_nothing(tmp_path: Path) -> None:
    wants: list[Piece] = [Call("k1", "odd__weather", {"city": "Oslo"})]
    async with working(tmp_path, {"odd": odd(tmp_path, approval="all")}, wants, [Text("Done.")]) as parts:
        await until(lambda: bool(offered(parts)))
        assert await asked(parts) == {}
        (approval,) = await parts.assistant.approvals.asked(LOCAL, status="pending")
    assert "leaves dbmedic" in approval.request.risk


async def test_another_dbmedic_is_a_server_over_http_and_its_tools_are_not_handed_on(tmp_path: Path) -> None:
    other = await app.build(Config(data=None))
    key = (await other.assistant.keys.create(app="ops")).secret
    async with served(app.asgi(other)) as url:
        setting = {"url": f"{url}/mcp", "headers": {"Authorization": f"Bearer {key}"}}
        wrong = {"url": f"{url}/mcp", "headers": {"Authorization": "Bearer app-nobody"}}
        calls: list[Piece] = [Call("k1", "other__instances", {})]
        async with working(tmp_path, {"other": setting, "wrong": wrong}, calls, [Text("Done.")]) as parts:
            await until(lambda: bool(offered(parts)))
            heard = await asked(parts)
            assert not [name for name in offered(parts) if name.startswith("wrong")]
            from dbmedic.api.mcp import tools

            assert not [tool.name for tool in await tools.listed(parts.assistant, LOCAL) if "__" in tool.name]
    await other.close()
    assert heard["k1"].content == "No instance is registered, or the key may see none."


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"mcpServers": []}', '{"mcpServers": {"a__b": {"command": "x"}}}', '{"mcpServers": {"a": {}}}',
        '{"mcpServers": {"a": {"command": "x", "url": "http://y"}}}', '{"mcpServers": {"a": {"comand": "x"}}}',
        '{"mcpServers": {"a": {"command": "x", "approval": "none"}}}',
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_names_the_setting(tmp_path: Path, text: str) -> None:
    file = tmp_path / "servers.json"
    file.write_text(text)
    with pytest.raises(BadField) as wrong:
        servers(file)
    assert wrong.value.name == "mcp_servers"
