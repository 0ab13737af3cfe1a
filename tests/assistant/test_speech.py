"""A turn with a language model over real HTTP: the first look, the numbers, the statements, and what leaves."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import Any

import apsw
import pytest

from dbmedic import app
from dbmedic.config import Config
from dbmedic.core.events import Answered, Event, ModelCalled, ToolCalled, ToolReturned
from dbmedic.core.values import Caller, Question
from models.script import Wait, call, end, playing, text

ADMIN = Caller(account="default", user="u", key="k", rights=("ask", "administer"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.db"
    with apsw.Connection(str(path)) as writer:
        list(writer.execute("create table orders(id integer primary key, customer int, email text)"))
        list(writer.execute("insert into orders values (1, 77, 'carol@shop.example')"))
    return path


@asynccontextmanager
async def asking(file, *plays, rows="never", **settings: Any):
    """`await ask(text, **question)` -> the turn's events; the script; the parts."""
    async with playing(*plays) as script:
        config = Config(data=None, model_url=script.url, model="qwen3", window_s=0.05, **settings)
        parts = await app.build(config)
        await parts.assistant.instances.add("rm-shop", f"sqlite:///{file}", ADMIN, storage_bytes=1 << 30, rows=rows)

        async def ask(said: str, **fields) -> list[Event]:
            running = await parts.assistant.turns.ask(
                Question(**{"text": said, "caller": ADMIN, "api": "test", **fields})
            )
            return [entry.event async for entry in running.follow()]

        try:
            yield ask, script, parts
        finally:
            await parts.close()


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Answered))


def contents(asked: dict[str, Any]) -> str:
    return "\n".join(message["content"] or "" for message in asked["messages"])


async def test_the_analyst_looks_first_and_its_conclusion_is_put_before_the_model(file):
    async with asking(file, [*text("The disk is fine."), *end()]) as (ask, script, _):
        events = await ask("Is the disk full?", language="en")
    assert [(event.reply, event.model) for event in events if isinstance(event, ModelCalled)] == [
        (1, "analyst"),
        (2, "qwen3"),
    ]
    (called,) = [event for event in events if isinstance(event, ToolCalled)]
    assert (called.tool, called.args) == ("diagnose", {"instance": "rm-shop", "symptom": "disk"})
    assert len(script.asked) == 1
    *_, asked, call_, result = script.asked[0]["messages"]
    assert asked == {"role": "user", "content": "Is the disk full?"}
    assert call_["tool_calls"][0]["id"] == result["tool_call_id"] == called.call
    measured, concluded = result["content"].split('\n</data>\n<data tool="analyst">\n')
    assert "disk-used" in measured
    assert "The disk of rm-shop is" in concluded
    assert concluded.endswith("</data>")


@pytest.mark.parametrize("question", ["hello", "thank you!", "what is the capital of France?"])
async def test_nothing_is_measured_where_nothing_is_asked(file, question):
    async with asking(file, [*text("Hello."), *end()]) as (ask, script, _):
        events = await ask(question)
    assert not [event for event in events if isinstance(event, ToolCalled)]
    assert [message["role"] for message in script.asked[0]["messages"]] == ["system", "user"]


async def test_twenty_invented_numbers_reach_the_reader_with_a_mark_only(file):
    invented = [
        f"It has {number} {unit}." for number in (41, 53, 67, 79, 97) for unit in ("%", "GB", "sessions", "min")
    ]
    pieces = [piece for sentence in invented for piece in (sentence[:5], sentence[5:8], sentence[8:] + "\n")]
    async with asking(file, [*text(*pieces), *end()]) as (ask, _, parts):
        events = await ask("Is the disk full?", language="en")
        answer = said(events)
        kept = await parts.assistant.conversations.turn(events[0].turn, ADMIN)  # type: ignore[union-attr]
    assert answer.count(" [unmeasured]") == len(invented) == 20
    assert said([entry.event for entry in kept]) == answer


async def test_twenty_measured_numbers_are_not_marked_and_the_answer_names_their_measures(file):
    size = file.stat().st_size
    true = [f"{size} bytes", f"{size / 1024:g} KiB", "1 GiB", "1024 MiB", "1,073,741,824 bytes", "1 073 741 824 bytes"]
    sentences = [f"It is {number}{end_}" for number in true for end_ in (".", "!", " so.", " now.")][:20]
    async with asking(file, [*text(*(f"{one}\n" for one in sentences)), *end()]) as (ask, _, _parts):
        events = await ask("Is the disk full?", language="en")
    assert "[unmeasured]" not in said(events)
    assert len(sentences) == 20
    answered = next(event for event in events if isinstance(event, Answered))
    assert answered.rests_on
    assert all(re.fullmatch(r"m\d+", id) for id in answered.rests_on)


@pytest.mark.parametrize(
    ("question", "language", "mark"),
    [
        ("磁盘满了吗？", None, "99 % [未测量]"),
        ("ディスクはいっぱいですか？", "ja", "99 % [未計測]"),
        ("Apakah disk penuh?", "id", "99 % [tidak diukur]"),
    ],
)
async def test_the_mark_is_in_the_readers_language(file, question, language, mark):
    async with asking(file, [*text("99 %"), *end()]) as (ask, _, _parts):
        assert said(await ask(question, language=language)) == mark


async def test_the_first_words_do_not_wait_for_the_rest(file):
    slow = [*text("The disk"), Wait(0.3), *text(" is fine."), *end()]
    async with asking(file, slow) as (ask, _, _parts):
        events = await ask("Is the disk full?")
    kinds = [event.text for event in events if type(event).__name__ == "AnswerDelta"]
    assert kinds == ["The disk", " is fine."]


async def test_statements_are_planned_or_labelled_and_never_run(file):
    answer = (
        "Read:\n```sql\nselect * from orders where customer = 77;\n```\nWrong:\n```sql\nselect nope from orders\n```\n"
        "Change:\n```sql\ndrop table orders;\n```\nNot SQL:\n```python\nprint('select')\n```\n"
        "Bare:\n```\ndelete from missing\n```\n"
    )
    async with asking(file, [*text(answer), *end()]) as (ask, _, _parts):
        shown = said(await ask("Is the disk full?", language="en"))
    labels = [line for line in shown.splitlines() if line.startswith("*Unchecked")]
    assert len(labels) == 3
    assert "rm-shop does not plan this (" in labels[0]
    assert "nope" in labels[0]
    assert labels[1] == "*Unchecked: this kind of statement cannot be planned without running it.*"
    assert "missing" in labels[2]
    assert shown.replace("".join(f"{label}\n" for label in labels[:1]), "").startswith(answer[:60])
    with apsw.Connection(str(file)) as reader:
        assert list(reader.execute("select count(*) from orders")) == [(1,)]


ASKED = "Is the disk full? Why is select * from orders where email = 'carol@shop.example' slow? Call +62 812 3456 7890."


async def test_values_do_not_leave_and_come_back_in_the_answer_and_in_calls(file):
    def word(kind: str, body: dict[str, Any]) -> str:
        return re.findall(rf"{kind}_[0-9a-f]{{8}}", contents(body))[-1]

    async with asking(file, [*text("Hm."), *end()]) as (ask, script, _):
        opened = (await ask(ASKED))[0]
        first = script.asked[0]
        email, phone = word("EMAIL", first), word("PHONE", first)
        statement = json.dumps({"instance": "rm-shop", "statement": f"select * from orders where email = '{email}'"})
        script.plays = (
            script.plays[0],
            [*call("explain", statement, id="e1", pieces=7), *end("tool_calls")],
            [*text("Tell ", email[:4], email[4:9], email[9:], f" at {phone}", "."), *end()],
        )
        events = await ask("And now?", conversation=opened.conversation)  # type: ignore[union-attr]
    called = [event for event in events if isinstance(event, ToolCalled)][-1]
    assert called.args["statement"] == "select * from orders where email = 'carol@shop.example'"
    assert said(events) == "Tell carol@shop.example at +62 812 3456 7890."
    for asked in script.asked:
        sent = json.dumps(asked, ensure_ascii=False)
        assert "carol" not in sent
        assert "3456" not in sent
    assert email in contents(script.asked[-1])  # the same word in the whole conversation
    assert "carol" not in contents(script.asked[-1])


async def test_rows_stay_here_unless_they_were_allowed_and_are_masked_then(file):
    reads = [*call("query", '{"instance": "rm-shop", "sql": "select * from orders"}', id="q1"), *end("tool_calls")]
    for rows in ("never", "allow"):
        async with asking(file, reads, [*text("done"), *end()], rows=rows) as (ask, script, _):
            events = await ask("hello")
        (returned,) = [event for event in events if isinstance(event, ToolReturned)]
        assert returned.ok == (rows == "allow")
        assert "carol" not in json.dumps(script.asked)
        assert ("carol" in returned.content) == (rows == "allow")


async def test_names_alone_leave_where_the_operator_says_so(file):
    reads = [
        *call("query", '{"instance": "rm-shop", "sql": "select name from sqlite_schema"}', id="q1"),
        *end("tool_calls"),
    ]
    async with asking(file, reads, [*text("done"), *end()], model_sends="names") as (ask, script, _):
        await ask("hello")
    assert "kept here" in contents(script.asked[1])
    assert '{"name"' not in contents(script.asked[1])


async def test_what_left_and_what_came_back_is_kept_as_it_was(file):
    asks = [*call("measure", '{"instance": "rm-shop", "checks": ["disk-used"]}', id="k9"), *end("tool_calls")]
    async with asking(file, asks, [*text("The ", "disk is 99 % full."), *end()]) as (ask, script, parts):
        events = await ask(ASKED)
        turn = events[0].turn  # type: ignore[union-attr]
        first, second = await parts.assistant.traffic.shown(turn)
        rows = await parts.store.read("traffic_of_turn", turn=turn)
    for kept, asked in ((first, script.asked[0]), (second, script.asked[1])):
        assert [one.text or None for one in kept.messages] == [one["content"] for one in asked["messages"]]
        assert list(kept.tools) == [tool["function"]["name"] for tool in asked["tools"]]
    assert second.got is not None
    assert [piece.text for piece in second.got if hasattr(piece, "text")] == ["The disk is 99 % full."]
    assert first.got is not None
    assert [(piece.tool, piece.id) for piece in first.got if hasattr(piece, "tool")] == [("measure", "k9")]
    assert "[未" not in said(events)
    sealed = b"".join(row["sent_sealed"] + row["got_sealed"] for row in rows)
    assert b"disk" not in sealed
    assert b"EMAIL" not in sealed


async def test_what_the_analyst_concludes_may_be_said_again(file):
    async with asking(file, [*text("x"), *end()]) as (ask, script, _):
        opened = (await ask("Is the disk full?", language="en"))[0]
        shown = script.asked[0]["messages"][-1]["content"].partition('<data tool="analyst">\n')[2]
        shown = re.sub(r"[\d.]+ m?s\b", "a while", shown)  # the next look takes another time
        script.plays = (script.plays[0], [*text(shown), *end()])
        events = await ask("Is the disk full?", language="en", conversation=opened.conversation)  # type: ignore[union-attr]
    assert "1 GiB" in said(events)
    assert "[unmeasured]" not in said(events)
