"""Approvals over HTTP: who may see and decide them, and that a granted change then runs on a real PostgreSQL."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from clients.running import Server
from fix_servers import Database

INDEX = {"instance": "shop", "table": "public.refunds", "columns": ["customer"], "purpose": "orders page"}


@pytest.fixture(scope="module")
def keys(shop_server: Server, shop_key: str, approver: str) -> dict[str, str]:
    return {
        "asks": shop_key,
        "approves": approver,
        "elsewhere": shop_server.key("ops", "--right", "approve", "--instance", "secret"),
    }


def send(server: Server, key: str, id: str = "", body: Any = None, **query: Any) -> requests.Response:
    place = f"{server.url}/dbmedic/v1/approvals" + (f"/{id}" if id else "")
    headers = {"Authorization": f"Bearer {key}"}
    if body is None:
        return requests.get(place, headers=headers, params=query, timeout=10)
    return requests.post(place, headers=headers, json=body, timeout=10)


def asked(server: Server, key: str) -> str:
    """Id of the approval for an index that a tool call asks for."""
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"}
    call = {"name": "create_index", "arguments": INDEX}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    answer = requests.post(f"{server.url}/mcp", json=body, headers=headers, timeout=30).json()
    return str(answer["result"]["_meta"]["dbmedic/approval"])


def indexes(shop: Database) -> list[str]:
    return [row[0] for row in shop.run("select indexname from pg_indexes where tablename = 'refunds' order by 1")]


def test_a_person_refuses_and_grants(shop_server: Server, keys: dict[str, str], shop: Database) -> None:
    first, second = asked(shop_server, keys["asks"]), asked(shop_server, keys["asks"])
    waiting = send(shop_server, keys["approves"], status="pending").json()["approvals"]
    assert [one["id"] for one in waiting] == [second, first]
    assert (waiting[0]["tool"], waiting[0]["kind"], waiting[0]["instance"]) == ("create_index", "create_index", "shop")
    assert "refunds_customer_idx" in waiting[0]["statement"]
    refused = send(shop_server, keys["approves"], first, {"decision": "refuse", "comment": "not now"})
    assert (refused.status_code, refused.json()["status"]) == (200, "rejected")
    assert indexes(shop) == ["refunds_pkey"]
    assert send(shop_server, keys["approves"], second, {"decision": "grant"}).json()["status"] == "approved"
    deadline = time.monotonic() + 15
    while len(indexes(shop)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert indexes(shop) == ["refunds_customer_idx", "refunds_pkey"]
    again = send(shop_server, keys["approves"], second, {"decision": "refuse"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "decided")
    one = send(shop_server, keys["approves"], second).json()
    assert (one["status"], len(one["granted_by"]), one["decided_at"] is None) == ("approved", 1, False)
    assert send(shop_server, keys["approves"], status="pending").json() == {"approvals": []}
    assert len(send(shop_server, keys["approves"], limit=1).json()["approvals"]) == 1


def test_without_the_right_nothing_is_seen_or_decided(
    shop_server: Server, keys: dict[str, str], shop: Database
) -> None:
    before, id = indexes(shop), asked(shop_server, keys["asks"])
    for body in (None, {"decision": "grant"}):
        assert send(shop_server, keys["asks"], id, body).status_code == 403
        assert send(shop_server, keys["elsewhere"], id, body).status_code == 404
        assert send(shop_server, "app-nobody", id, body).status_code == 401
    assert send(shop_server, keys["asks"]).json()["error"]["code"] == "forbidden"
    assert send(shop_server, keys["elsewhere"]).json() == {"approvals": []}
    assert requests.get(f"{shop_server.url}/dbmedic/v1/approvals", timeout=10).status_code == 401
    assert send(shop_server, keys["approves"], id).json()["status"] == "pending"
    assert indexes(shop) == before


def test_what_is_no_decision_decides_nothing(shop_server: Server, keys: dict[str, str]) -> None:
    id = asked(shop_server, keys["asks"])
    wrong: list[tuple[Any, str]] = [
        ({}, "decision"), ({"decision": True}, "decision"), ({"decision": "approve"}, "decision"),
        ({"decision": "grant", "statement": "drop table refunds"}, "statement"), ([], "body"),
        ({"decision": "grant", "comment": "x" * 3000}, "comment"), ({"decision": ["grant"]}, "decision"),
    ]  # fmt: skip
    for body, field in wrong:
        answer = send(shop_server, keys["approves"], id, body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), body
    assert send(shop_server, keys["approves"], status="maybe").json()["error"]["field"] == "status"
    assert send(shop_server, keys["approves"], limit=0).json()["error"]["field"] == "limit"
    assert send(shop_server, keys["approves"], "nothing").status_code == 404
    place, headers = f"{shop_server.url}/dbmedic/v1/", {"Authorization": f"Bearer {keys['approves']}"}
    assert requests.delete(f"{place}approvals/{id}", headers=headers, timeout=10).headers["allow"] == "GET, POST"
    assert requests.get(f"{place}nothing", headers=headers, timeout=10).status_code == 404
    assert send(shop_server, keys["approves"], id).json()["status"] == "pending"
