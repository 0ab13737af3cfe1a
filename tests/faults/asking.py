"""Asks a question the way its users do: in this process, and by `dbmedic ask … --json`."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime

import msgspec

from dbmedic.app import build
from dbmedic.assistant.accounts import LOCAL
from dbmedic.config import Config
from dbmedic.core.events import LIVE_ONLY, Entry, Event
from dbmedic.core.ports import MetricSource
from dbmedic.core.values import InstanceCard, Question
from dbmedic.diagnosis.analyst import judged
from dbmedic.diagnosis.evidence import evidence
from dbmedic.diagnosis.understand import understand
from faults.judge import Asked

INSTANCE = "shop"


async def ask(url: str, text: str, language: str, metrics: MetricSource) -> Asked:
    """The answer of the assistant, as every API gets it; `metrics` knows the server's machine."""
    parts = await build(Config())
    try:
        parts.assistant.watch._metrics = metrics
        await parts.assistant.instances.add(INSTANCE, url, LOCAL)
        start = time.monotonic()
        running = await parts.assistant.turns.ask(Question(text=text, caller=LOCAL, api="test", instance=INSTANCE))
        events = [entry.event async for entry in running.follow() if not isinstance(entry.event, LIVE_ONLY)]
        return _asked(text, language, events, time.monotonic() - start, url)
    finally:
        await parts.close()


def ask_in_shell(url: str, text: str, language: str) -> Asked:
    """The answer of `dbmedic ask`; its time includes starting the program."""
    start = time.monotonic()
    words = [sys.executable, "-m", "dbmedic", "ask", text, "--on", url, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    took = time.monotonic() - start
    events = [msgspec.json.decode(line, type=Entry).event for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    return _asked(text, language, events, took, url)


def _asked(text: str, language: str, events: list[Event], took_s: float, url: str) -> Asked:
    """With the findings that the ranking put among the causes."""
    engine = url.partition(":")[0]
    card = InstanceCard(id=INSTANCE, engine={"postgresql": "postgres"}.get(engine, engine))
    question = Question(text=text, caller=LOCAL, api="test", instance=INSTANCE)
    asked = understand(question, [card], (), datetime.now(UTC))
    verdict = judged(asked, evidence(events))
    roots = [fact for cause in verdict.roots for fact in (cause.fact, *cause.siblings)]
    beside = [fact for cause in verdict.contributing for fact in (cause.fact, *cause.siblings)]
    return Asked(text, language, events, took_s, roots, beside)
