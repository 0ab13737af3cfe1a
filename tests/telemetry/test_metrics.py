"""What `/metrics` says after known things happened, and that the page about it says the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.playing import Script
from api.dify.desk import Client
from dbmedic.cli.reference.metrics import page
from dbmedic.core.events import (
    ApprovalDecided,
    ApprovalRequested,
    Entry,
    Event,
    ModelFailed,
    StopRequested,
    ToolCalled,
    ToolReturned,
    TurnResumed,
)
from dbmedic.core.values import Call, Text, Usage
from dbmedic.telemetry.families import FAMILIES
from dbmedic.telemetry.meters import INSTANCES, Meters
from telemetry.serving import serving

ROOT = Path(__file__).resolve().parents[2]
CALL = Call("c1", "query", {"instance": "shop", "sql": "select count(*) from sqlite_schema"})
WRONG = Call("c2", "query", {"instance": "shop", "sql": "select nothing from sqlite_schema"})
STRANGE = Call("c3", "no_such_tool", {})
USAGE = Usage(prompt_tokens=30, completion_tokens=7, first_token_s=0.25)
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def values(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Name of a sample -> its labels' values, in order of their names -> its value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


async def scraped(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    return values((await client.call("GET", "/metrics")).body)


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[tuple[Client, dict[str, dict[tuple[str, ...], float]]]]:
    """After one turn with three tool calls, and a request that was refused."""
    script = Script(
        (CALL, WRONG, STRANGE, USAGE),
        (Text("One table."),),
    )
    async with serving(tmp_path, script, sample_s=0.2) as (client, _):
        await client.ask()
        await client.ask("")
        yield client, await scraped(client)


async def test_a_turn_is_counted_with_its_models_tools_and_statements(
    asked: tuple[Client, dict[str, dict[tuple[str, ...], float]]],
) -> None:
    seen = asked[1]
    assert seen["dbmedic_http_requests_total"]["dify", "chat_messages", "200"] == 1
    assert seen["dbmedic_http_requests_total"]["dify", "chat_messages", "400"] == 1
    assert seen["dbmedic_turns_total"] == {("dify", "done"): 1}
    assert seen["dbmedic_turn_seconds_count"]["dify",] == 1
    assert seen["dbmedic_model_calls_total"] == {("script", "ok"): 2}
    assert seen["dbmedic_model_tokens_total"] == {("prompt", "script"): 30, ("completion", "script"): 7}
    assert seen["dbmedic_model_first_token_seconds_count"]["script",] == 2
    assert seen["dbmedic_tool_calls_total"] == {("ok", "query"): 1, ("failed", "query"): 1, ("failed", "unknown"): 1}
    assert seen["dbmedic_instance_errors_total"]["default", "statement_failed", "sqlite", "shop"] == 1
    assert seen["dbmedic_instance_statements_total"]["default", "sqlite", "shop"] >= 2
    assert seen["dbmedic_instance_statement_seconds_total"]["default", "sqlite", "shop"] > 0
    assert seen["dbmedic_store_writes_total"]["ok",] == seen["dbmedic_store_write_seconds_count"][()] > 2
    assert seen["dbmedic_running_turns"][()] == seen["dbmedic_queued_turns"][()] == 0


async def test_the_sampler_says_how_old_its_last_look_is(
    asked: tuple[Client, dict[str, dict[tuple[str, ...], float]]],
) -> None:
    client, _ = asked
    async with asyncio.timeout(30):
        # Before the first look at any instance there is no such value.
        while not (ages := (await scraped(client)).get("dbmedic_instance_sample_age_seconds")):
            await asyncio.sleep(0.05)
    assert 0 <= ages["default", "shop"] < 10


async def test_everything_exposed_is_declared_and_everything_declared_is_exposed(
    asked: tuple[Client, dict[str, dict[tuple[str, ...], float]]],
) -> None:
    text = (await asked[0].call("GET", "/metrics")).body
    exposed = {}
    for line in text.splitlines():
        if line.startswith("# TYPE dbmedic_"):
            _, _, name, kind = line.split()
            exposed[name] = kind
    assert exposed == {family.name: family.kind for family in FAMILIES}
    labels = {family.name.removesuffix("_total"): set(family.labels) for family in FAMILIES}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if family.name in labels:
                assert set(sample.labels) - {"le"} == labels[family.name], sample.name


async def test_streams_and_requests_under_way_are_seen(tmp_path: Path) -> None:
    script = Script((Text("Begun"), 60.0))
    async with serving(tmp_path, script, shutdown_s=0.1, sample=False) as (client, _):
        async with client.streaming() as response:
            await response.content.readuntil(b'"Begun"')
            seen = await scraped(client)
            assert seen["dbmedic_http_requests_in_flight"] == {("dify",): 1, ("ops",): 1}
            assert seen["dbmedic_http_open_streams"]["dify",] == 1
            assert seen["dbmedic_running_turns"][()] == 1
        async with asyncio.timeout(10):
            while (seen := await scraped(client))["dbmedic_http_open_streams"]["dify",]:
                await asyncio.sleep(0.02)
        assert seen["dbmedic_http_requests_in_flight"]["dify",] == 0
        async with asyncio.timeout(10):
            while not (await scraped(client))["dbmedic_event_loop_lag_seconds_count"][()]:
                await asyncio.sleep(0.05)


def log(*events: Event) -> list[Entry]:
    return [Entry("t", seq, NOW + timedelta(seconds=seq), event) for seq, event in enumerate(events, 1)]


def decided(granted: bool, how: str) -> ApprovalDecided:
    return ApprovalDecided(call="c", granted=granted, by="k", how=how)


def requested(**fields: Any) -> ApprovalRequested:
    return ApprovalRequested(
        call="c",
        round=1,
        tool="change",
        args={},
        instance="shop",
        statement="analyze",
        risk="low",
        description="",
        until=NOW,
        **fields,
    )


def test_what_became_of_a_proposed_change_is_counted_once() -> None:
    meters = Meters(["change"])
    by_rule = log(requested(kind="maintain"), decided(True, "policy"))
    meters.kept(by_rule)
    meters.kept(log(decided(False, "expired")))
    first = log(requested(), decided(True, "person"), TurnResumed(run="r", by="k"), StopRequested(by="k"))
    meters.ended("dify", "stopped", first, resumed=True)
    second = log(*(entry.event for entry in first[:3]), decided(False, "person"), TurnResumed(run="s", by="k"))
    meters.ended("dify", "done", second, resumed=True)
    seen = values(meters.text().decode())
    assert seen["dbmedic_approvals_requested_total"] == {("maintain",): 1}
    assert seen["dbmedic_approvals_decided_total"] == {
        ("policy", "granted"): 1,
        ("expired", "refused"): 1,
        ("person", "granted"): 1,
        ("person", "refused"): 1,
    }
    assert seen["dbmedic_turn_seconds_sum"]["dify",] == 1.0, "waiting for a person is not counted"


def test_a_model_that_fails_is_counted_by_why() -> None:
    meters = Meters()
    meters.kept(log(ModelFailed(reply=1, model="qwen", code="model_down", sentence="gone", will_retry=True)))
    assert values(meters.text().decode())["dbmedic_model_calls_total"] == {("qwen", "model_down"): 1}


def test_names_that_a_model_makes_up_and_many_instances_make_no_series() -> None:
    meters = Meters(["measure"])
    for number in range(50):
        called = ToolCalled(call=f"c{number}", tool=f"made_up_{number}", args={}, reply=1)
        meters.kept(log(called, ToolReturned(call=called.call, ok=False, content="")))
    for number in range(INSTANCES + 50):
        meters.statement("default", f"db{number}", "postgres", 0.5)
    seen = values(meters.text().decode())
    assert seen["dbmedic_tool_calls_total"] == {("failed", "unknown"): 50}
    assert len(seen["dbmedic_instance_statements_total"]) == INSTANCES + 1
    assert seen["dbmedic_instance_statements_total"]["other", "postgres", "other"] == 50
    assert seen["dbmedic_instance_statement_seconds_total"]["other", "postgres", "other"] == 25


def test_the_page_of_the_metrics_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8") == page().rstrip() + "\n"
