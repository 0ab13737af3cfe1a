"""What an answer cost, as a client reads it: tokens, prices for a million of them, the sum, and the true time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dify_client import ChatClient

from clients.running import Server
from clients.test_dify_client import ANSWER, client_of, events, serving
from models.script import call, end


async def test_prices_are_said_live_and_in_the_history(tmp_path: Path) -> None:
    plays = [*call("instances", "{}"), *end(prompt=2_000_000, completion=1000)], ANSWER
    async with serving(tmp_path, *plays, model_price="0.4 1.25 EUR") as (_, client):

        def asked() -> None:
            heard = list(events(client.create_chat_message({}, "Is all well?", "u1", "streaming")))
            usage = heard[-2]["metadata"]["usage"]
            first, generating, latency = (
                usage.pop(name) for name in ("time_to_first_token", "time_to_generate", "latency")
            )
            assert 0 < first <= latency < 20
            assert abs(first + generating - latency) < 0.001
            assert usage == {
                "prompt_tokens": 2_000_012, "prompt_unit_price": "0.4", "prompt_price_unit": "0.000001",
                "prompt_price": "0.8000048", "completion_tokens": 1003, "completion_unit_price": "1.25",
                "completion_price_unit": "0.000001", "completion_price": "0.0012538", "total_tokens": 2_001_015,
                "total_price": "0.8012586", "currency": "EUR",
            }  # fmt: skip
            nodes = [
                one["data"] for one in heard if one["event"] == "node_finished" and one["data"]["node_type"] == "llm"
            ]
            spent = [(one["execution_metadata"]["total_price"], one["execution_metadata"]["currency"]) for one in nodes]
            assert spent == [("0.80125", "EUR"), ("0.0000086", "EUR")]
            (row,) = client.get_conversation_messages("u1", heard[0]["conversation_id"]).json()["data"]
            assert (row["total_price"], row["currency"], row["message_tokens"]) == ("0.8012586", "EUR", 2_000_012)

        await asyncio.to_thread(asked)


async def test_the_analyst_costs_nothing_and_says_how_long_it_took(tmp_path: Path) -> None:
    def asked(client: ChatClient) -> None:
        usage = client.create_chat_message({}, "hello", "u1").json()["metadata"]["usage"]
        assert (usage["total_tokens"], usage["total_price"], usage["prompt_unit_price"]) == (0, "0", "0")
        assert 0 < usage["latency"] < 20

    with Server(tmp_path) as server:
        await asyncio.to_thread(asked, client_of(server))
