"""A stream that is taken up again: wherever it was cut, live or from the store, nothing is lost and nothing doubled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import pytest

from api.dify.desk import Client, desk
from api.dify.playing import frames, streamed, text_of
from dbmedic.api.dify.resume import Cursor, Seen, cursor, followed, shortened
from dbmedic.api.dify.wire import Fault
from dbmedic.core.events import Entry
from dbmedic.core.values import Text
from fix_scenarios import SCENARIOS, kept, live

SLOW = (Text("one "), 0.15, Text("two "), 0.15, Text("three "), 0.15, Text("four"))
ANSWER = (Text("Yes."),)


def numbered(stream: bytes) -> list[tuple[str, dict[str, Any]]]:
    """(id, event) of each frame of a stream with ids."""
    *events, rest = stream.decode().split("\n\n")
    assert rest == ""
    found = []
    for event in events:
        if event != "event: ping":
            id, _, data = event.partition("\n")
            found.append((id.removeprefix("id: "), json.loads(data.removeprefix("data: "))))
    return found


async def batches(entries: Sequence[Entry]) -> AsyncIterator[Sequence[Entry]]:
    yield entries


async def all_of(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def folded(events: Iterable[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """(the text, everything else in its order)."""
    events = list(events)
    return text_of(events), [event for event in events if event["event"] not in ("message", "agent_log")]


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_wherever_it_was_cut_the_rest_follows(scenario: str) -> None:
    entries = live(scenario)
    whole = numbered(await all_of(followed(batches(entries), cursor("0"))))
    assert [event for _, event in whole] == frames(streamed(entries)), "ids change nothing else"
    assert len({id for id, _ in whole}) == len(whole)
    for cut, (id, _) in enumerate(whole):
        head = [event for _, event in whole[: cut + 1]]
        for source in (entries, kept(entries)):
            rest = numbered(await all_of(followed(batches(source), cursor(id))))
            assert folded([*head, *(event for _, event in rest)]) == folded(event for _, event in whole), (id, cut)


@pytest.mark.parametrize("more", [-1, 0, 2])
@pytest.mark.parametrize("heard", [0, 1, 5])
async def test_who_heard_more_than_a_dead_server_had_kept_hears_the_end(more: int, heard: int) -> None:
    """The client asked again and again, and heard nothing: its cursor was behind the end, or just at it."""
    entries = kept(live("interrupted"))
    whole = numbered(await all_of(followed(batches(entries), cursor("0"))))
    rest = numbered(await all_of(followed(batches(entries), Cursor(entries[-1].seq + more, 10_000, heard))))
    last = [event["event"] for _, event in whole if event["event"] in ("workflow_finished", "error")]
    assert [event["event"] for _, event in rest][-len(last) :] == last
    assert "message" not in [event["event"] for _, event in rest]
    assert await all_of(followed(batches(entries), cursor(rest[-1][0]))) == b""


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_state_in_short_and_what_follows_say_the_same(scenario: str) -> None:
    entries = live(scenario)
    whole = frames(streamed(entries))
    for cut in range(1, len(entries)):

        async def two(at: int = cut) -> AsyncIterator[Sequence[Entry]]:
            yield entries[:at]
            yield entries[at:]

        short = frames(await all_of(shortened(two())))
        assert [event["event"] for event in short[:2]] == ["workflow_started", "message_replace"]
        assert short[1]["answer"] + text_of(short) == text_of(whole)
        assert short[-1] == whole[-1]
        nodes = [event["data"]["id"] for event in short if event["event"] == "node_started"]
        assert nodes == [event["data"]["id"] for event in whole if event["event"] == "node_started"]


@pytest.mark.parametrize("text", ["x", "-1", "1.x", "1..2", "9" * 30, "1.2.3.4"])
def test_an_id_that_is_none_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        cursor(text)


def test_ids_are_read_as_they_are_written() -> None:
    assert cursor(" 12.345.2 ") == Cursor(12, 345, 2)
    assert cursor("12.345")[:2] == (12, 345)


def test_a_run_that_was_cut_is_running() -> None:
    detail = Seen.of(live("disk")[:4]).detail()
    assert (detail["status"], detail["finished_at"], detail["outputs"]) == ("running", None, {})


async def events_of(client: Client, run: str, **more: str) -> list[dict[str, Any]]:
    url = f"{client.url}/v1/workflow/{run}/events"
    async with client.http.get(url, params={"user": client.user, **more}, headers=client.headers) as response:
        assert response.status == 200, await response.text()
        assert response.headers["X-Workflow-Run-ID"] == run
        return frames(await response.read())


async def test_a_stream_cut_five_times_reads_like_one_that_was_not() -> None:
    async with desk(SLOW) as (client, _, _):
        heard: list[tuple[str, dict[str, Any]]] = []
        headers = {**client.headers, "Last-Event-ID": "0"}
        body = {"query": "count", "inputs": {}, "user": "u1", "response_mode": "streaming"}
        async with client.http.post(f"{client.url}/v1/chat-messages", json=body, headers=headers) as response:
            run = response.headers["X-Workflow-Run-ID"]
            heard += numbered(await response.content.readuntil(b"\n\n"))
        cuts = 1
        while heard[-1][1]["event"] != "workflow_finished":
            query = {"user": "u1", "last_event_id": heard[-1][0]} if cuts % 2 else {"user": "u1"}
            again = {**client.headers, "Last-Event-ID": heard[-1][0]}
            url = f"{client.url}/v1/workflow/{run}/events"
            async with client.http.get(url, params=query, headers=again) as response:
                assert response.status == 200
                heard += numbered(await response.content.readuntil(b"\n\n"))
            cuts += 1
        uncut = await events_of(client, run)
        (message,) = (await client.messages(heard[0][1]["conversation_id"])).body["data"]
    assert cuts >= 5
    assert folded(event for _, event in heard) == folded(uncut)
    assert message["answer"] == text_of(uncut) == "one two three four"


async def test_a_run_is_followed_from_its_first_event_and_after_its_end() -> None:
    async with desk(SLOW) as (client, _, _):
        async with client.streaming("count") as response:
            run = response.headers["X-Workflow-Run-ID"]
            await response.content.readuntil(b'"answer":"one "')
        during, short = await asyncio.gather(
            events_of(client, run), events_of(client, run, include_state_snapshot="true", continue_on_pause="true")
        )
        after = await events_of(client, run)
    assert text_of(during) == text_of(after) == "one two three four"
    assert folded(during) == folded(after)
    assert [event["event"] for event in short[:3]] == ["workflow_started", "message_replace", "node_started"]
    assert "inputs_truncated" not in short[2]["data"]
    assert short[1]["answer"] + text_of(short) == "one two three four"
    assert short[-1]["data"]["status"] == "succeeded"


async def test_nobody_else_follows_a_run() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        run = (await client.ask()).headers["X-Workflow-Run-ID"]
        other = await assistant.keys.create(app="helpdesk")
        strangers = (client.as_user("u2"), Client(client.http, client.url, other.secret))
        for stranger, asked in [*((one, run) for one in strangers), (client, "no-such-run")]:
            heard = await stranger.call("GET", f"/v1/workflow/{asked}/events", params={"user": stranger.user})
            assert (heard.status, heard.body["code"], heard.body["message"]) == (
                404, "not_found", "Workflow run not found",
            )  # fmt: skip
        heard = await client.call("GET", f"/v1/workflow/{run}/events")
        assert (heard.status, heard.body["message"]) == (400, "Arg user must be provided.")
        heard = await client.call("GET", f"/v1/workflow/{run}/events", params={"user": "u1", "last_event_id": "x"})
        assert heard.status == 400


async def test_a_run_is_read_by_anybody_of_its_app() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        run = (await client.ask(inputs={"instance": "rm-b"})).headers["X-Workflow-Run-ID"]
        heard = await client.as_user("u2").call("GET", f"/v1/workflows/run/{run}")
        other = await assistant.keys.create(app="helpdesk")
        strange = await Client(client.http, client.url, other.secret).call("GET", f"/v1/workflows/run/{run}")
        logs = await client.call("GET", "/v1/workflows/logs", params={"status": "failed", "limit": "5"})
        wrong = await client.call("GET", "/v1/workflows/logs", params={"created_at__after": "yesterday"})
    assert (heard.body["id"], heard.body["status"], heard.body["outputs"]["answer"]) == (run, "succeeded", "Yes.")
    assert heard.body["inputs"]["instance"] == "rm-b"
    assert (strange.status, strange.body["message"]) == (404, "Workflow run not found.")
    assert logs.body == {"page": 1, "limit": 5, "total": 0, "has_more": False, "data": []}
    assert wrong.status == 400
