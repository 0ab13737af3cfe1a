"""Every event that is ever sent is one that the published description allows, to the last field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.dify.playing import frames, streamed
from api.dify.test_resume import all_of, batches
from clients.described import Described
from dbmedic.api.dify.document import document
from dbmedic.api.dify.event_schemas import EVENTS
from dbmedic.api.dify.frames import Frame
from dbmedic.api.dify.resume import shortened
from fix_scenarios import SCENARIOS, kept, live


@pytest.fixture(scope="module")
def promised() -> Described:
    return Described(document().decode())


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_frames_of_every_scenario_hold(scenario: str, promised: Described) -> None:
    for event in frames(streamed(live(scenario))):
        promised.event(event)
    for event in frames(await all_of(shortened(batches(kept(live(scenario)))))):
        promised.event(event)


def one(name: str) -> dict[str, Any]:
    return next(event for event in frames(streamed(live("disk"))) if event["event"] == name)


@pytest.mark.parametrize(
    "wrong",
    [
        {**one("message"), "status": 400},
        {key: value for key, value in one("message").items() if key != "task_id"},
        {**one("message"), "answer": None},
        {**one("workflow_finished"), "workflow_run_id": "7"},
        {**one("message_end"), "metadata": {"usage": {}}},
        {**one("message"), "event": "thought"},
    ],
)
def test_what_is_missing_invented_or_of_another_type_is_seen(wrong: dict[str, Any], promised: Described) -> None:
    with pytest.raises(AssertionError):
        promised.event(wrong)


def test_every_frame_that_can_be_written_is_described() -> None:
    written = {kind.__struct_config__.tag for kind in Frame.__args__} | {"message"}
    assert written <= set(EVENTS)
    described = json.loads(document())["components"]["schemas"]["StreamEvent"]["discriminator"]["mapping"]
    assert set(described) == set(EVENTS)
