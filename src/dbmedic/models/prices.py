"""What tokens cost: the operator's own price, our table of Qwen, and what `genai-prices` knows where it is installed.

A service at an address that none of them knows costs nothing as far as we can tell: a model on the own machine has the
same name as one that is sold.  Prices are for a million tokens.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from dbmedic.core.errors import BadField

MILLION: Final = 1_000_000
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DIGITS: Final = Decimal("0.000001")


class Price(NamedTuple):
    """Of a million tokens."""

    prompt: Decimal
    completion: Decimal
    currency: str


Lookup: TypeAlias = Callable[[int, int], Price | None]
"""(prompt tokens, completion tokens) of a reply -> its price; None when it is not known."""


def own(text: str) -> Price | None:
    """The setting `model_price`, "0.4 1.2 USD"; None when it is empty.  Raises `BadField`.  Pure."""
    if not text.strip():
        return None
    match text.split():
        case [prompt, completion, currency] if _CURRENCY.fullmatch(currency):
            try:
                found = Price(Decimal(prompt), Decimal(completion), currency)
            except InvalidOperation:
                pass
            else:
                if all(one.is_finite() and one >= 0 for one in found[:2]):
                    return found
    problem = f"model_price: {text!r} is not two prices for a million tokens and a currency, such as '0.4 1.2 USD'"
    raise BadField("model_price", problem)


def of_table(url: str, model: str) -> Lookup | None:
    """The price of a Qwen model at Alibaba Cloud; None for any other."""
    host = urlsplit(url).hostname or ""
    for service in load():
        if re.search(service["host"], host):
            tiers = service["models"].get(model.removesuffix("-latest"))
            if tiers is not None:
                return lambda prompt, _: _tier(tiers, prompt, service["currency"])
    return None


def of_package(url: str, model: str) -> Lookup | None:
    """What `genai-prices` knows of a model at its own address; None without the package or for any other address.

    Slow for the first time: half a second of importing.  Call it in a thread.
    """
    try:
        import genai_prices
    except ImportError:
        return None

    def price(prompt: int, completion: int) -> Price | None:
        used = genai_prices.Usage(input_tokens=prompt, output_tokens=completion)
        try:
            found = genai_prices.calc_price(used, model_ref=model, provider_api_url=url)
        except LookupError:
            return None
        return Price(_unit(found.input_price, prompt), _unit(found.output_price, completion), "USD")

    return price if price(1000, 1000) is not None else None


@cache
def load() -> list[dict[str, Any]]:
    """Our table."""
    text = (files("dbmedic.models") / "prices.toml").read_text("utf-8")
    services: list[dict[str, Any]] = tomllib.loads(text)["service"]
    return services


def _tier(tiers: list[list[Any]], prompt: int, currency: str) -> Price:
    _, of_prompt, of_completion = next((tier for tier in tiers if prompt <= tier[0]), tiers[-1])
    return Price(Decimal(of_prompt), Decimal(of_completion), currency)


def _unit(total: Decimal, tokens: int) -> Decimal:
    return (Decimal(total) * MILLION / tokens).quantize(_DIGITS).normalize() if tokens else Decimal(0)
