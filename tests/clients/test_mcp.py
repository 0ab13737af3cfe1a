"""The official MCP package as client of a running server: over HTTP with keys, and over the pipes of `dbmedic mcp`."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp
import pytest
import requests
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import PaginatedRequestParams

from clients.aliyun import called
from clients.running import Server
from fix_servers import Database

INDEX = {"instance": "shop", "table": "public.orders", "columns": ["customer"], "purpose": "orders page"}
DROP = {"instance": "shop", "table": "public.orders", "index": "orders_customer_idx", "purpose": "unused"}
ANALYZE = {"instance": "shop", "table": "public.orders", "work": "analyze", "purpose": "fresh statistics"}
BROKEN = (b"", b"{", b"[]", b"null", b'{"jsonrpc":"2.0"}', b"[" * 5000, b"\xff\xfe", b'{"jsonrpc":"2.0","id":1}')
WRITES = {"change", "change_setting", "create_index", "drop_index", "end_session", "maintain"}


@asynccontextmanager
async def client(server: Server, key: str) -> AsyncIterator[ClientSession]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=30) as http,
        streamable_http_client(f"{server.url}/mcp", http_client=http) as (reading, writing),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        yield session


async def decided(server: Server, key: str, id: str, decision: str, comment: str = "") -> None:
    body = {"decision": decision, "comment": comment}
    place, headers = f"{server.url}/dbmedic/v1/approvals/{id}", {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        assert (await http.post(place, json=body)).status_code == 200


def said(result: Any) -> str:
    return "".join(part.text for part in result.content)


async def test_every_tool_is_listed_with_its_schema_and_what_it_does(shop_server: Server, shop_key: str) -> None:
    async with client(shop_server, shop_key) as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert {name for name, tool in tools.items() if not tool.annotations.read_only_hint} == WRITES
    assert {"instances", "diagnose", "measure", "explain", "approval_status"} <= set(tools)
    assert tools["measure"].input_schema["required"] == ["instance", "checks"]
    assert tools["drop_index"].annotations.destructive_hint
    assert not tools["create_index"].annotations.destructive_hint


async def test_a_read_tool_measures_a_real_database(shop_server: Server, shop_key: str) -> None:
    async with client(shop_server, shop_key) as session:
        result = await session.call_tool("schema", {"instance": "shop", "table": "public.orders"})
        wrong = await session.call_tool("measure", {"instance": "shop", "checks": 7})
    assert not result.is_error
    assert "customer" in said(result)
    assert wrong.is_error
    assert "bad_field" in said(wrong)


async def test_the_newest_protocol_is_spoken_too(shop_server: Server, shop_key: str) -> None:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {shop_key}"}) as http,
        mcp.Client(streamable_http_client(f"{shop_server.url}/mcp", http_client=http)) as session,
    ):
        assert session.session.protocol_version == "2026-07-28"
        assert "shop" in said(await session.call_tool("instances", {}))


async def test_a_change_waits_for_a_person_and_runs_once(
    shop_server: Server, shop_key: str, approver: str, shop: Database
) -> None:
    def indexes() -> list[str]:
        return [row[0] for row in shop.run("select indexname from pg_indexes where tablename = 'orders'")]

    async with client(shop_server, shop_key) as session:
        asked = await session.call_tool("create_index", INDEX)
        id = asked.meta["dbmedic/approval"]
        assert not asked.is_error
        assert f"waits for approval {id}" in said(asked)
        assert "Nothing was changed yet" in said(await session.call_tool("approval_status", {"approval": id}))
        assert len(indexes()) == 1
        await decided(shop_server, approver, id, "grant")
        done = await session.call_tool("approval_status", {"approval": id, "wait_s": 20})
        assert "there and valid" in said(done)
        assert sorted(indexes()) == ["orders_customer_idx", "orders_pkey"]
        assert said(await session.call_tool("approval_status", {"approval": id})) == said(done)
        refused = await session.call_tool("drop_index", DROP)
        await decided(shop_server, approver, refused.meta["dbmedic/approval"], "refuse", "keep it")
        status = {"approval": refused.meta["dbmedic/approval"], "wait_s": 20}
        told = await session.call_tool("approval_status", status)
    assert told.is_error
    assert "keep it" in said(told)
    assert len(indexes()) == 2
    async with client(shop_server, shop_server.key("other")) as session:
        foreign = await session.call_tool("approval_status", {"approval": id})
    assert "is not this key's" in said(foreign)
    assert "valid" not in said(foreign)
    audit = await called(shop_server.dbmedic, "audit", "verify")
    assert audit["broken"] == []
    assert audit["links"] >= 3, "each call is a turn like any other"


async def test_a_key_sees_its_instances_and_what_its_rights_allow(shop_server: Server, approver: str) -> None:
    async with client(shop_server, shop_server.key("ops", "--instance", "shop")) as session:
        listed = said(await session.call_tool("instances", {}))
        assert listed.startswith("shop ")
        assert "secret" not in listed
        hidden = await session.call_tool("schema", {"instance": "secret"})
        cards = json.loads((await session.read_resource("dbmedic://instances")).contents[0].text)
        asked = await session.call_tool("create_index", INDEX | {"instance": "secret"})
    assert hidden.is_error
    assert asked.is_error
    assert "dbmedic/approval" not in asked.meta
    assert [card["id"] for card in cards] == ["shop"]
    async with client(shop_server, approver) as session:
        assert not WRITES & {tool.name for tool in (await session.list_tools()).tools}
        with pytest.raises(MCPError, match="no tool 'create_index' for this key"):
            await session.call_tool("create_index", INDEX)
        assert not (await session.call_tool("instances", {})).is_error


async def test_pages_and_prompts(shop_server: Server, shop_key: str) -> None:
    async with client(shop_server, shop_key) as session:
        first = await session.list_resources()
        rest = await session.list_resources(params=PaginatedRequestParams(cursor=first.next_cursor))
        names = {resource.name for resource in [*first.resources, *rest.resources]}
        page = await session.read_resource("dbmedic://handbook/zh/check-fk-no-index")
        prompts = {prompt.name: prompt for prompt in (await session.list_prompts()).prompts}
        filled = await session.get_prompt("plan_advice", {"instance": "shop", "statement": "select 1"})
        for uri in ("dbmedic://handbook/en/nothing", "file:///etc/passwd", "dbmedic://handbook/../../en/x"):
            with pytest.raises(MCPError):
                await session.read_resource(uri)
        with pytest.raises(MCPError, match="needs instance"):
            await session.get_prompt("diagnose", {})
    assert {"instances", "check-fk-no-index", "autovacuum-tuning"} <= names
    assert rest.next_cursor is None
    assert "fk-no-index" in page.contents[0].text
    assert prompts["diagnose"].arguments[0].required
    assert "select 1" in filled.messages[0].content.text


def test_what_is_no_message_of_a_known_key_is_refused(shop_server: Server, shop_key: str) -> None:
    place, known = f"{shop_server.url}/mcp", {"Authorization": f"Bearer {shop_key}", "Host": "dba.example.com"}
    accept = known | {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    nobody = requests.post(place, json=listing, timeout=10)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="dbmedic"')
    assert (
        requests.post(place, json=listing, headers={"Authorization": "Bearer x" * 200}, timeout=10).status_code == 401
    )
    assert requests.get(place, headers=known, timeout=10).status_code == 405
    assert requests.post(place, data=b"x" * (5 << 20), headers=accept, timeout=10).status_code == 413
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"jsonrpc":"2.0"}',
        b"[" * 5000,
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":1}',
    ):
        answer = requests.post(place, data=body, headers=accept, timeout=10)
        assert answer.status_code == 400, body
        assert "error" in answer.json()
    named_elsewhere = requests.post(place, json=listing, headers=accept, timeout=10)
    assert named_elsewhere.json()["result"]["tools"]
    strange = requests.post(place, json=listing | {"method": "no/such"}, headers=accept, timeout=10)
    assert strange.json()["error"]["code"] == -32601


async def test_over_pipes_the_local_user_acts(shop_server: Server, approver: str) -> None:
    words = ["-m", "dbmedic", "mcp", "--data", str(shop_server.data)]
    async with (
        stdio_client(StdioServerParameters(command=sys.executable, args=words)) as (reading, writing),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        assert "secret" in said(await session.call_tool("instances", {}))
        asked = await session.call_tool("maintain", ANALYZE)
        id = asked.meta["dbmedic/approval"]
        await decided(shop_server, approver, id, "grant")
        done = await session.call_tool("approval_status", {"approval": id, "wait_s": 20})
    assert said(done).startswith("Done on shop")
