"""A keeper's view of a running server: one dataset, and the few calls that most tests need."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp

from api.dify.desk import Client, Heard, desk
from dbmedic.assistant import Assistant
from dbmedic.core.values import Text

RULE = {"mode": "automatic"}
SEARCH = {"search_method": "hybrid_search", "reranking_enable": False, "top_k": 5, "score_threshold_enabled": False}


class Keeper(NamedTuple):
    client: Client
    assistant: Assistant
    id: str
    """Of its dataset."""

    async def call(self, method: str, path: str, **rest: Any) -> Heard:
        """`path` below the dataset."""
        return await self.client.call(method, f"/v1/datasets/{self.id}{path}", **rest)

    async def put(self, name: str, text: str, **fields: Any) -> dict[str, Any]:
        """A document, indexed."""
        body = {"name": name, "text": text, "indexing_technique": "economy", **fields}
        heard = await self.call("POST", "/document/create-by-text", json=body)
        assert heard.status == 200, heard.body
        await self.assistant.knowledge.indexer.idle()
        return dict(heard.body["document"])

    async def upload(self, content: bytes, name: str, path: str = "/document/create-by-file", **data: Any) -> Heard:
        """A file as a document, or for one; indexed when it was taken."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("data", json.dumps({"indexing_technique": "economy", "process_rule": RULE, **data}))
        form.add_field("file", io.BytesIO(content), filename=name, content_type="application/octet-stream")
        heard = await self.call("PATCH" if path.count("/") == 2 and "create" not in path else "POST", path, data=form)
        await self.assistant.knowledge.indexer.idle()
        return heard

    async def progress(self, batch: str) -> dict[str, Any]:
        (one,) = (await self.call("GET", f"/documents/{batch}/indexing-status")).body["data"]
        return dict(one)

    async def found(self, query: str, **search: Any) -> list[str]:
        """Texts, best first."""
        body = {"query": query, "retrieval_model": {**SEARCH, **search}}
        heard = await self.call("POST", "/retrieve", json=body)
        assert heard.status == 200, heard.body
        return [one["segment"]["content"] for one in heard.body["records"]]

    async def segments(self, document: str) -> list[dict[str, Any]]:
        return list((await self.call("GET", f"/documents/{document}/segments", params={"limit": 100})).body["data"])


@contextlib.asynccontextmanager
async def keeper(name: str = "runbooks") -> AsyncIterator[Keeper]:
    async with desk((Text("Yes."),)) as (asker, assistant, _):
        key = (await assistant.keys.create(kind="dataset")).secret
        client = Client(asker.http, asker.url, key)
        made = await client.call("POST", "/v1/datasets", json={"name": name})
        assert made.status == 200, made.body
        yield Keeper(client, assistant, made.body["id"])
