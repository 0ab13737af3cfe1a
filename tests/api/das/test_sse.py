"""GetDasAgentSSE: characters are counted, tools named, errors numbered."""

from __future__ import annotations

from typing import Any

import pytest

from api.aliyun_playing import STREAMS, played
from dbmedic.api.das.sse import ERROR_CODE, Projection, whole
from fix_scenarios import SCENARIOS, kept, live


@pytest.mark.parametrize("name", SCENARIOS)
def test_counts_add_up_and_the_end_comes_last(name: str) -> None:
    frames = played(live(name), STREAMS["das", "sse"]())
    said = [each for each in frames if each.event == "message"]
    assert all(each.metadata.char_count == len(each.answer) for each in said)
    assert (frames[-1].event, frames[-1].answer) == ("message_end", "")
    assert frames[-1].metadata.char_count == sum(len(each.answer) for each in said)
    assert [each.event for each in frames].count("message_end") == 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_one_object_is_the_stream_put_together(name: str) -> None:
    def folded(entries: Any) -> Any:
        return whole(played(entries, Projection("s")))

    assert folded(live(name)) == folded(kept(live(name)))


def test_tool_calls_and_errors() -> None:
    tool = next(each for each in played(live("disk"), Projection("s")) if each.event == "tool_call")
    assert (tool.metadata.tool_name, tool.metadata.tool_params) == (
        "measure", ["instance=rm-demo-shop", "checks=disk-usage"],
    )  # fmt: skip
    error = next(each for each in played(live("model_failed"), Projection("s")) if each.event == "error")
    assert (error.metadata.code, error.answer) == (ERROR_CODE, "ServiceUnavailable: qwen-max: no answer for 60 s")
    assert whole(played(live("model_failed"), Projection("s"))) == error
