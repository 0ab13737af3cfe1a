"""The knowledge API by the transport of the published Python client: kept, found, cited, whole after a restart.

The published client has no class for datasets yet; its calls are made here as its repository's newer class makes them.
"""

from __future__ import annotations

import asyncio
import io
import json
import signal
import time
from pathlib import Path
from typing import Any

import requests
from dify_client import DifyClient

from clients.running import Server
from clients.test_dify_client import client_of

RULE = {"indexing_technique": "high_quality", "process_rule": {"mode": "automatic"}}
PAGE = "# Zebra failover\n\nThe zebra cluster fails over with `zebractl promote`. Wait until the giraffe is drained."


class Books(DifyClient):
    """Calls of one dataset."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.dbmedic("key", "create", "--dataset")["key"])
        self.base_url = f"{server.url}/v1"
        self.dataset = ""

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        response: requests.Response = self._send_request(method, path, body, query or None)
        assert response.status_code in (200, 201, 204), (path, response.status_code, response.text)
        return response.json() if response.content else None

    def upload(self, path: str, name: str, content: bytes) -> Any:
        files = {"file": (name, io.BytesIO(content))}
        response = self._send_request_with_files("POST", path, {"data": json.dumps(RULE)}, files)
        assert response.status_code == 200, response.text
        return response.json()

    def indexed(self, batch: str) -> dict[str, Any]:
        """As the reference says: polled until it ended."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            (status,) = self.ask("GET", f"/datasets/{self.dataset}/documents/{batch}/indexing-status")["data"]
            if status["indexing_status"] in ("completed", "error"):
                return dict(status)
            time.sleep(0.05)
        raise AssertionError("not indexed")


async def test_a_runbook_is_kept_found_cited_and_removed(tmp_path: Path) -> None:
    def keep(books: Books) -> str:
        books.dataset = books.ask("POST", "/datasets", {"name": "runbooks"})["id"]
        place = f"/datasets/{books.dataset}"
        made = books.ask("POST", f"{place}/document/create_by_text", {"name": "failover", "text": PAGE, **RULE})
        assert books.indexed(made["batch"])["indexing_status"] == "completed"
        document = made["document"]["id"]
        body = {"name": "Zebra failover", "text": PAGE + "\n\nThen call the keeper."}
        again = books.ask("POST", f"{place}/documents/{document}/update_by_text", body)
        assert books.indexed(again["batch"])["error"] is None
        other = books.upload(f"{place}/document/create_by_file", "lions.md", b"Lions sleep.")
        assert books.indexed(other["batch"])["completed_segments"] == 1
        renewed = books.upload(f"{place}/documents/{other['document']['id']}/update_by_file", "lions.md", b"Lions eat.")
        assert books.indexed(renewed["batch"])["completed_segments"] == 1
        segments = f"{place}/documents/{document}/segments"
        added = books.ask(
            "POST", segments, {"segments": [{"content": "Zebras have stripes.", "keywords": ["barcode"]}]}
        )
        change = {"segment": {"content": "Zebras have many stripes.", "enabled": True}}
        books.ask("POST", f"{segments}/{added['data'][0]['id']}", change)
        assert len(books.ask("GET", segments, keyword="stripes")["data"]) == 1
        assert books.ask("GET", f"{place}/documents", keyword="lion")["total"] == 1
        found = books.ask("POST", f"{place}/hit-testing", {"query": "barcode stripes"})["records"]
        assert found[0]["segment"]["content"] == "Zebras have many stripes."
        books.ask("DELETE", f"{segments}/{added['data'][0]['id']}")
        books.ask("DELETE", f"{place}/documents/{other['document']['id']}")
        return document

    def cite(server: Server, document: str) -> None:
        query = "How do I promote the zebra cluster when it fails over?"
        mine, others = client_of(server), client_of(server, server.key("another"))
        before = mine.create_chat_message({}, query, "u1").json()
        assert not [one for one in before["metadata"]["retriever_resources"] if one["document_id"] == document]
        server.dbmedic("dataset", "attach", "runbooks", "--app", "ops")
        asked = mine.create_chat_message({}, query, "u1").json()
        cited = asked["metadata"]["retriever_resources"][0]
        assert (cited["dataset_name"], cited["document_name"]) == ("runbooks", "Zebra failover")
        assert "zebractl promote" in cited["content"]
        assert "zebractl promote" in asked["answer"]
        stranger = others.create_chat_message({}, query, "u1").json()
        assert not [one for one in stranger["metadata"]["retriever_resources"] if one["document_id"] == document]
        handbook = mine.create_chat_message({}, "How do I add an index without blocking writes?", "u1").json()
        assert handbook["metadata"]["retriever_resources"][0]["dataset_name"] == "dbmedic handbook"

    with Server(tmp_path) as server:
        books = Books(server)
        document = await asyncio.to_thread(keep, books)
        await asyncio.to_thread(cite, server, document)


async def test_what_was_queued_when_the_server_was_killed_is_indexed_after_its_start(tmp_path: Path) -> None:
    def fill(books: Books) -> list[str]:
        books.dataset = books.ask("POST", "/datasets", {"name": "long"})["id"]
        text = "\n\n".join(f"word{n} paragraph {'x' * 900}" for n in range(700))
        path = f"/datasets/{books.dataset}/document/create_by_text"
        return [books.ask("POST", path, {"name": f"page {n}", "text": text, **RULE})["batch"] for n in range(8)]

    def follow(books: Books, batches: list[str]) -> None:
        for batch in batches:
            status = books.indexed(batch)
            assert (status["indexing_status"], status["completed_segments"]) == ("completed", status["total_segments"])
        listed = books.ask("GET", f"/datasets/{books.dataset}/documents")
        assert {one["display_status"] for one in listed["data"]} == {"available"}
        counts = set()
        for one in listed["data"]:
            path = f"/datasets/{books.dataset}/documents/{one['id']}"
            counts.add(books.ask("GET", f"{path}/segments", limit=1)["total"])
            assert books.ask("GET", path)["segment_count"] in counts
        assert len(counts) == 1, "no document has half of its segments, or some of them twice"

    with Server(tmp_path) as server:
        books = Books(server)
        batches = await asyncio.to_thread(fill, books)
        server.end(signal.SIGKILL)
        server.start()
        books.base_url = f"{server.url}/v1"
        await asyncio.to_thread(follow, books, batches)
