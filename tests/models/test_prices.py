"""What tokens cost: the operator's word, our table, the package; and nothing where nobody knows."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from agent.playing import Script
from dbmedic.core.errors import BadField
from dbmedic.core.values import Text, Usage
from dbmedic.models.priced import Priced, priced
from dbmedic.models.prices import Price, load, of_package, of_table, own
from models.samples import request

CHINA = "https://dashscope.aliyuncs.com/compatible-mode/v1"
ABROAD = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
PRICE = Price(Decimal("0.4"), Decimal("1.2"), "USD")
SPENT = Usage(prompt_tokens=1_000_000, completion_tokens=500_000)


@pytest.mark.parametrize(
    ("url", "model", "prompt", "price"),
    [
        (CHINA, "qwen-plus", 10, ("0.8", "2", "CNY")),
        (CHINA, "qwen-plus-latest", 10, ("0.8", "2", "CNY")),
        (CHINA, "qwen3-max", 32_768, ("2.5", "10", "CNY")),
        (CHINA, "qwen3-max", 32_769, ("4", "16", "CNY")),
        (CHINA, "qwen3-max", 9_999_999, ("7", "28", "CNY")),
        (ABROAD, "qwen-plus", 10, ("0.4", "1.2", "USD")),
        ("https://llm-1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "qwen-max", 1, ("2.4", "9.6", "CNY")),
    ],
)
def test_qwen_costs_what_the_table_says(url: str, model: str, prompt: int, price: tuple[str, str, str]) -> None:
    lookup = of_table(url, model)
    assert lookup is not None
    assert lookup(prompt, 1) == Price(Decimal(price[0]), Decimal(price[1]), price[2])


@pytest.mark.parametrize(
    ("url", "model"),
    [
        (CHINA, "qwen-max-2024-09-19"),  # a snapshot has a price of its own
        ("http://127.0.0.1:11434/v1", "qwen-plus"),
        ("https://dashscope.aliyuncs.com.example.org/v1", "qwen-plus"),
        ("https://example.org/?dashscope.aliyuncs.com", "qwen-plus"),
    ],
)
def test_what_nobody_knows_has_no_price(url: str, model: str) -> None:
    assert of_table(url, model) is None
    assert of_package(url, model) is None


def test_the_package_knows_a_model_at_its_own_address_only() -> None:
    lookup = of_package("https://api.openai.com/v1", "gpt-4o")
    assert lookup is not None
    assert lookup(1000, 500) == Price(Decimal("2.5"), Decimal(10), "USD")
    assert of_package("http://localhost:8000/v1", "gpt-4o") is None


def test_every_line_of_the_table_is_a_price() -> None:
    for service in load():
        for model, tiers in service["models"].items():
            assert [tier[0] for tier in tiers] == sorted({tier[0] for tier in tiers}), model
            for _, prompt, completion in tiers:
                assert 0 < Decimal(prompt) <= Decimal(completion), model


@pytest.mark.parametrize("text", ["1", "1 2", "1 2 usd", "-1 2 USD", "a b USD", "NaN 1 USD", "1 2 3 USD"])
def test_a_price_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadField, match=r"such as '0\.4 1\.2 USD'"):
        own(text)


def test_the_operators_price_is_read() -> None:
    assert own("0.4 1.2 USD") == PRICE
    assert own(" ") is None


def test_prices_add_up_over_the_replies_of_a_turn() -> None:
    one = priced(SPENT, PRICE)
    assert (one.prompt_price, one.completion_price, one.currency) == (Decimal("0.4"), Decimal("0.6"), "USD")
    both = one + priced(SPENT, PRICE) + Usage(latency_s=1.0)
    assert (both.prompt_price, both.completion_price) == (Decimal("0.8"), Decimal("1.2"))
    assert (both.prompt_unit_price, both.completion_unit_price) == (Decimal("0.4"), Decimal("1.2"))


async def test_a_reply_says_what_it_cost() -> None:
    model = Priced(Script((Text("Yes."), SPENT)), CHINA.replace("dashscope", "unknown"), PRICE)
    pieces = [piece async for piece in model.reply(request())]
    assert pieces == [Text("Yes."), priced(SPENT, PRICE)]
    await model.close()


async def test_a_reply_of_a_service_that_nobody_knows_costs_nothing() -> None:
    model = Priced(Script((Text("Yes."), SPENT)), "http://127.0.0.1:1/v1")
    assert [piece async for piece in model.reply(request())] == [Text("Yes."), SPENT]
    await model.close()


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    words = (
        "import sys, dbmedic.models.priced; print([name for name in sys.modules if 'genai' in name or 'httpx' in name])"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, timeout=30)
    assert done.stdout.decode().strip() == "[]"
