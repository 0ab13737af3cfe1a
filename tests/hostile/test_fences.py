"""No text that somebody else wrote leaves its fence, wherever it comes from."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from tests.hostile.corpus import ATTACKS

from dbmedic.agent.fence import safe
from dbmedic.agent.prompt import messages
from dbmedic.core.events import ModelCalled, ToolCalled, ToolReturned
from dbmedic.core.values import Agent, Attachment, Caller, Exchange, InstanceCard, Question, Skill

CALLER = Caller(account="a", user="u", key="k")
ROLE_MARKS = ("<|", "|>", "[INST]", "[/INST]", "<<SYS", "<tool_call", "</tool_call", "<function_calls", "<invoke")


def told(text: str) -> list[str]:
    """Everything a model is told when a text stands in every place that others write."""
    question = Question(text="why is it slow?", caller=CALLER, api="t")
    events = (
        ModelCalled(reply=1, model="m"),
        ToolCalled(call="k1", tool="schema", args={}, reply=1),
        ToolReturned(call="k1", ok=True, content=f"orders: {text}"),
        ToolCalled(call="k2", tool="search", args={}, reply=1),
        ToolReturned(call="k2", ok=False, content=f"failed: {text}"),
        ToolCalled(call="k3", tool=text, args={}, reply=1),
        ToolReturned(call="k3", ok=False, content="There is no tool"),
    )
    said = messages(
        question,
        (Exchange(question="q", answer=f"The comment says: {text}"),),
        events,
        (InstanceCard(id="db", engine="postgres", name=text, tags={"note": text}),),
        "en",
        agent=Agent(id="a", version=1, name="A", prompt="Be kind.", skills=(
            Skill(name="s", description="d", texts={"postgres": text}),
        )),
        attachments=(Attachment(name=text, text=text), Attachment(name=text, text="", image="data:image/png;base64,x")),
    )  # fmt: skip
    return [message.text for message in said]


def plain(text: str) -> str:
    """As a careless reader sees it: one width, nothing hidden, no spaces."""
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("аԁ‹〈⟨", "ad<<<")).replace("&lt;", "<")
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Zs", "Cc")).lower()


def test_there_are_enough_texts():
    assert len(ATTACKS) >= 40
    assert len({attack.text for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.text[:24].encode("ascii", "replace").decode())
def test_a_text_cannot_close_its_fence_or_open_another(attack):
    system, *rest = told(attack.text)
    for text in rest:
        fences = len(re.findall(r"^<data (?:tool|file)=[^\n]*>$", text, re.MULTILINE))
        assert plain(text).count("</data") == fences
        assert plain(text).count("<data") == fences
        assert not text.count("</data>") or text.endswith("\n</data>") or "Image attached" in text
    for text in (*rest, system.partition("Databases you may measure")[2], system.rpartition("Skill s")[2]):
        assert not [mark for mark in ROLE_MARKS if mark.lower() in text.lower()]
        assert not [c for c in text if unicodedata.category(c) == "Cf"]


def test_what_a_text_says_is_still_there_to_be_read():
    assert any("drop the table orders" in text for text in told(ATTACKS[0].text))


@pytest.mark.parametrize("text", ["<" * 50_000, "<" + " " * 50_000, "< /" * 20_000, "<think " * 8000, "[INST" * 10_000])
def test_no_text_takes_long_to_fence(text):
    started = time.process_time()
    safe(text)
    assert time.process_time() - started < 1
