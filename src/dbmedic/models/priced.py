"""A model whose replies say what they cost: a wrapper that adds prices to the tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import msgspec
import structlog

from dbmedic.core.ports import Model, ModelRequest
from dbmedic.core.values import Piece, Usage
from dbmedic.models.prices import MILLION, Lookup, Price, of_package, of_table

log = structlog.get_logger("dbmedic.model")


class Priced:
    """Prices are looked up beside the first reply, in a thread; what is not known is zero."""

    def __init__(
        self, model: Model, url: str, price: Price | None = None, *, known_as: str = "", fallbacks: Sequence[str] = ()
    ) -> None:
        """`url`: where the model is, by which its price is known; `price` stands above what is known.

        `known_as`: its name at the service; `fallbacks`: names of the models that answer when it fails.
        """
        self.name = model.name
        self.fallbacks = tuple(fallbacks)
        self.thinking = tuple(getattr(model, "thinking", ()))
        self._known_as = known_as or model.name
        self.context_window = int(getattr(model, "context_window", 0))
        self.vision = bool(getattr(model, "vision", False))
        self._model, self._url = model, url
        self._lookup: Lookup | None = None if price is None else lambda _prompt, _completion: price
        self._looking: asyncio.Task[Lookup | None] | None = None
        self._looked = price is not None

    def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        if self._looked and hasattr(self._model, "priced"):
            self._model.priced = self._priced  # from now on it does so itself, at no cost for each piece
            return self._model.reply(request)
        return self._reply(request)

    async def _reply(self, request: ModelRequest) -> AsyncIterator[Piece]:
        if not self._looked and self._looking is None:
            self._looking = asyncio.create_task(asyncio.to_thread(self._known), name=f"price of {self.name}")
        async for piece in self._model.reply(request):
            yield await self._with_price(piece) if isinstance(piece, Usage) else piece

    async def close(self) -> None:
        if self._looking is not None:
            await asyncio.wait([self._looking])
        await self._model.close()

    async def _with_price(self, usage: Usage) -> Usage:
        if not self._looked and self._looking is not None:
            try:
                self._lookup = await asyncio.shield(self._looking)
            except Exception as fault:
                log.warning("price not known", model=self.name, error=repr(fault))
            self._looked = True
        return self._priced(usage)

    def _priced(self, usage: Usage) -> Usage:
        price = self._lookup(usage.prompt_tokens, usage.completion_tokens) if self._lookup else None
        return usage if price is None else priced(usage, price)

    def _known(self) -> Lookup | None:
        return of_table(self._url, self._known_as) or of_package(self._url, self._known_as)


def priced(usage: Usage, price: Price) -> Usage:
    """Tokens with what they cost.  Pure."""
    return msgspec.structs.replace(
        usage,
        prompt_unit_price=price.prompt,
        completion_unit_price=price.completion,
        prompt_price=_cost(usage.prompt_tokens, price.prompt),
        completion_price=_cost(usage.completion_tokens, price.completion),
        currency=price.currency,
    )


def _cost(tokens: int, unit: Decimal) -> Decimal:
    return (tokens * unit / MILLION).quantize(Decimal("0.0000001"))
