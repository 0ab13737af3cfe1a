"""The `Embedder` and `Reranker` ports over HTTP: an OpenAI-compatible `/embeddings`, and a `/rerank` as Jina, Cohere,
vLLM, TEI and others serve it.

https://platform.openai.com/docs/api-reference/embeddings; https://api.jina.ai/redoc#tag/rerank
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from dbmedic.core.errors import ModelDown
from dbmedic.models.openai_wire import trouble

if TYPE_CHECKING:
    import aiohttp

SECONDS: Final = 30.0
BATCH: Final = 64
"""Texts of one request."""
CHARS: Final = 8_000
"""Of one text; what is behind is not looked at."""
REPLY_BYTES: Final = 64 << 20


class _Vector(Struct):
    index: int
    embedding: list[float]


class _Vectors(Struct):
    data: list[_Vector]


class _Rank(Struct):
    index: int
    relevance_score: float


class _Ranks(Struct):
    results: list[_Rank]


class _Service:
    """Asks one address for JSON."""

    def __init__(self, what: str, url: str, model: str, key: str) -> None:
        self._what, self._url, self.name = what, url, model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http: aiohttp.ClientSession | None = None

    async def _asked(self, body: dict[str, Any], shape: type[Any]) -> Any:
        """Raises `ModelDown`."""
        import aiohttp

        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            self._http = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        try:
            async with self._http.post(self._url, json=body) as answer:
                said = await answer.content.read(REPLY_BYTES) if answer.status != 200 else await answer.read()
                if answer.status != 200:
                    raise ModelDown(f"the {self._what} service answered {answer.status}: {_why(said) or answer.reason}")
            return await asyncio.to_thread(msgspec.json.decode, said, type=shape)
        except TimeoutError as fault:
            raise ModelDown(f"the {self._what} service did not answer within {SECONDS:g} s") from fault
        except (aiohttp.ClientError, OSError) as fault:
            raise ModelDown(f"the {self._what} service could not be asked ({type(fault).__name__})") from fault
        except msgspec.DecodeError as fault:
            raise ModelDown(f"the {self._what} service answered with something else: {fault}") from fault

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


class OpenaiEmbedder(_Service):
    """Texts -> vectors."""

    def __init__(self, url: str, model: str, key: str = "") -> None:
        """`url`: the base, with its `/v1`."""
        super().__init__("embedding", f"{url.rstrip('/')}/embeddings", model, key)

    async def embed(self, texts: Sequence[str], /) -> list[list[float]]:
        """One for each text, all of one length.  Raises `ModelDown`."""
        found: list[list[float]] = []
        for begin in range(0, len(texts), BATCH):
            batch = [text[:CHARS] or " " for text in texts[begin : begin + BATCH]]
            answer: _Vectors = await self._asked({"model": self.name, "input": batch}, _Vectors)
            vectors = [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
            if len(vectors) != len(batch) or not all(vectors) or len({len(one) for one in vectors + found[:1]}) != 1:
                raise ModelDown(
                    f"the embedding service gave {len(vectors)} vectors for {len(batch)} texts, or odd ones"
                )
            found += vectors
        return found


class HttpReranker(_Service):
    """How much each text speaks of a query."""

    def __init__(self, url: str, model: str, key: str = "") -> None:
        """`url`: the base, with its `/v1`."""
        super().__init__("rerank", f"{url.rstrip('/')}/rerank", model, key)

    async def rank(self, query: str, texts: Sequence[str], /) -> list[float]:
        """A score for each text, higher is nearer.  Raises `ModelDown`."""
        if not texts:
            return []
        body = {"model": self.name, "query": query, "documents": [text[:CHARS] for text in texts], "top_n": len(texts)}
        answer: _Ranks = await self._asked(body, _Ranks)
        scores = {one.index: one.relevance_score for one in answer.results}
        if not set(scores) <= set(range(len(texts))):
            raise ModelDown("the rerank service ranked texts that it was not given")
        return [scores.get(place, 0.0) for place in range(len(texts))]


def embedder(url: str, model: str, key: str) -> OpenaiEmbedder | None:
    """Who makes vectors; None without an address."""
    return OpenaiEmbedder(url, model, key) if url else None


def reranker(url: str, model: str, key: str) -> HttpReranker | None:
    """Who ranks passages again; None without an address."""
    return HttpReranker(url, model, key) if url else None


def _why(said: bytes) -> str:
    try:
        return trouble(msgspec.json.decode(said)) or ""
    except msgspec.DecodeError:
        return said[:300].decode("utf-8", "replace")
