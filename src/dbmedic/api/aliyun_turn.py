"""What the projections of the three Alibaba Cloud products share: reading a turn's events.  Pure.

Everything here that the references leave open is one choice for all three.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dbmedic.api.aliyun_reply import Fault, ascii_json, cut
from dbmedic.assistant.approvals import approval_id
from dbmedic.core.events import ApprovalRequested, Entry, ModelFailed, ToolCalled, TurnClosed, TurnFailed

RESULT_CHARS = 4000
"""Longest result of a tool that is shown; the model read all of it."""
ARGS_BYTES = 64 * 1024

DEFAULT_AGENT = "default"
"""What selects no custom agent."""

INTERNAL = "InternalError"
_CODES = {"model_down": "ServiceUnavailable"}
_ENDS = {
    "failed": "The turn failed.",
    "interrupted": "The server ended in the middle of this turn; what was said until then is kept.",
}


class Growing:
    """Text that comes as deltas, is repeated from time to time, and comes whole at the end: says each part once."""

    def __init__(self) -> None:
        self._reply = self._heard = 0

    def rest(self, reply: int, start: int | None, text: str) -> str:
        """What of `text`, beginning at `start` of its reply (None: where the last part ended), was not said yet."""
        if reply != self._reply:
            self._reply, self._heard = reply, 0
        fresh = text if start is None else text[max(0, self._heard - start) :]
        self._heard += len(fresh)
        return fresh


class Failing:
    """Why a turn failed, as code and sentence of the wire."""

    def __init__(self) -> None:
        self._said: tuple[str, str] | None = None

    def heard(self, event: ModelFailed | TurnFailed) -> None:
        if isinstance(event, TurnFailed) or not event.will_retry:
            self._said = (_CODES.get(event.code, INTERNAL), event.sentence)

    def closed(self, event: TurnClosed) -> tuple[str, str] | None:
        """None for a turn that ended without failing."""
        if event.reason not in _ENDS:
            return None
        return self._said or (INTERNAL, _ENDS[event.reason])


def failure(entries: Iterable[Entry]) -> Fault | None:
    """Why a turn failed, as an error of the wire; None for one that did not fail."""
    failing = Failing()
    for entry in entries:
        if isinstance(entry.event, ModelFailed | TurnFailed):
            failing.heard(entry.event)
        elif isinstance(entry.event, TurnClosed) and (found := failing.closed(entry.event)):
            return Fault(*found)
    return None


def call_id(turn: str, call: str) -> str:
    """Id of a tool call that is unique over all turns; a model's own ids need not be."""
    return f"{turn}-{call}"


def described(event: ToolCalled) -> str:
    """A call in words, for a human."""
    return cut(f"{event.tool}: {', '.join(listed(event.args))}" if event.args else event.tool, 500)


def listed(args: dict[str, Any]) -> list[str]:
    """Arguments as `name=value`."""
    return [f"{name}={_plain(value)}" for name, value in args.items()]


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_plain(item) for item in value)
    return cut(str(value), 200)


def shown(args: dict[str, Any]) -> dict[str, Any]:
    """Arguments that fit a frame; texts of very long ones are cut."""
    if len(ascii_json(args)) <= ARGS_BYTES:
        return args
    return {cut(name, 100): _plain(value) for name, value in list(args.items())[:100]}


def approval_text(event: ApprovalRequested, turn: str) -> str:
    """What is asked of whom and how it is decided, for a stream that has no event for it; "" when a rule decides."""
    if not event.waits:
        return ""
    return (
        f"\n\nThis needs an approval on {event.instance}: {event.description}\n\n```sql\n{event.statement}\n```\n"
        f"Risk: {event.risk}. Waiting until {event.until:%Y-%m-%d %H:%M} UTC for a key that may approve: "
        f"`dbmedic approve {approval_id(turn, event.call)}`\n"
    )
