"""Whatever a server answers, a check ends with one of the ten reasons, and the others go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from checks.proving import Host
from dbmedic.checks.check import Check, decode
from dbmedic.checks.run import run
from dbmedic.core.errors import Denied, LockBlocked, StatementFailed, Timeout, Unreachable, WriteRefused
from dbmedic.core.events import Checked, Event
from dbmedic.core.ports import Target
from dbmedic.core.values import EngineFacts, Instance, Row

UNIT = """
object  = "{name}"
cost    = 1
columns = { name = "text" }
level   = { warning = "name = 'fault'" }

[text]
en = { title = "t", finding = "f", why = "w" }
zh = { title = "t", finding = "f", why = "w" }

[on.postgres]
access = ["activity"]
sql = "select 'SQL' as name"
"""


class Scripted:
    """An engine at the other end of the port, which answers each statement as it was told to."""

    name = "postgres"

    def __init__(self, answers: Mapping[str, Exception | list[Row] | float]) -> None:
        self.answers = answers

    async def facts(self) -> EngineFacts:
        return EngineFacts(engine="postgres", version=(15, 1), version_text="15.1", database="d", role="watcher")

    async def rows(self, sql: str, params: Any = None, /, **_: Any) -> list[Row]:
        answer = next((answer for part, answer in self.answers.items() if part in sql), [])
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await anyio.sleep(answer)
            return []
        return list(answer)

    async def plan(self, statement: str, /, **_: Any) -> dict[str, Any]:
        raise StatementFailed("no plan")

    async def close(self) -> None: ...


def checks(*names: str) -> dict[str, Check]:
    return {name: decode(UNIT.replace("SQL", name), name, "item") for name in names}


async def outcome(answers: Mapping[str, Exception | list[Row] | float], *names: str) -> dict[str, Checked]:
    events: list[Event] = []

    async def say(event: Event) -> None:
        events.append(event)

    target = Target(Instance(id="i", url="postgresql://x"), Scripted(answers), Host())
    await run(
        names, target, call="k", say=say, new_measure=lambda: f"m{len(events)}", now=lambda: datetime.now(UTC),
        budget_s=1, window_s=0.1, checks=checks(*names),
    )  # fmt: skip
    return {event.check: event for event in events if isinstance(event, Checked)}


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        (Denied("permission denied for view", "GRANT x TO y"), "permission", "permission denied"),
        (Timeout(2), "timeout", "took longer than 2 s"),
        (LockBlocked("a lock"), "lock_blocked", "a lock"),
        (StatementFailed("column does not exist", "42703"), "not_in_version", "column does not exist"),
        (Unreachable("gone"), "timeout", "gone"),
        (WriteRefused("select", "not a read"), "not_in_version", "log has the details"),
        (ZeroDivisionError(), "not_in_version", "log has the details"),
        (5.0, "timeout", "not finished"),
    ],
)
async def test_each_failure_has_its_reason_and_the_others_go_on(answer: Any, reason: str, said: str) -> None:
    found = await outcome({"'one'": answer, "'two'": [{"name": "fault"}], "hidden": [{"hidden": 0}]}, "one", "two")
    assert (found["one"].level, found["one"].reason) == ("failed", reason)
    assert said in found["one"].sentence
    assert found["two"].level == "warning"


async def test_a_refusal_without_a_grant_gets_that_of_what_the_check_needs() -> None:
    found = await outcome({"'one'": Denied("no")}, "one")
    assert found["one"].grant == "GRANT pg_monitor TO watcher"


async def test_nothing_found_where_something_is_hidden_is_no_normal() -> None:
    found = await outcome({"'one'": [], "hidden": [{"hidden": 3}]}, "one")
    assert (found["one"].level, found["one"].reason) == ("failed", "permission")
    assert found["one"].sentence.startswith("3 sessions")


async def test_a_fault_that_was_seen_counts_whatever_is_hidden() -> None:
    found = await outcome({"'one'": [{"name": "fault"}], "hidden": [{"hidden": 3}]}, "one")
    assert found["one"].level == "warning"


async def test_nothing_found_where_nothing_is_hidden_is_normal() -> None:
    assert (await outcome({"'one'": [], "hidden": [{"hidden": 0}]}, "one"))["one"].level == "normal"
