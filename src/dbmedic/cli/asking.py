"""One question of the command line, from `ask` to the last event: shown to a person, or printed as JSON lines."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from dbmedic.core.events import (
    LIVE_ONLY,
    AnswerDelta,
    Answered,
    ApprovalRequested,
    Checked,
    Entry,
    ModelCalled,
    ModelFailed,
    ToolCalled,
    ToolReturned,
    TurnClosed,
    TurnFailed,
    TurnResumed,
)

if TYPE_CHECKING:
    from dbmedic.assistant import Assistant
    from dbmedic.assistant.approvals import Approval
    from dbmedic.assistant.live import Running
    from dbmedic.cli.progress import Progress
    from dbmedic.core.values import Caller, Question


Decide = Callable[["Approval"], tuple[bool, str]]
"""Asks a person: granted or not, and why."""


async def follow(
    assistant: Assistant,
    question: Question,
    caller: Caller,
    tell: Callable[[Entry], None],
    decide: Decide | None = None,
) -> None:
    """Asks, and tells every entry until the turn is closed.  Ctrl-C stops the turn, and what was said still comes.

    A turn that wants to change something ends here without `decide`, and waits for `dbmedic approve`.
    """
    running = await assistant.turns.ask(question)
    await _told(assistant, running, caller, tell, 0)
    while running.turn.closed is None and decide is not None:
        seen = running.entries[-1].seq
        for id in await assistant.approvals.undecided(running.id):
            granted, comment = decide(await assistant.approvals.get(id, caller))
            await assistant.approvals.decide(id, caller, granted=granted, comment=comment)
        running = await assistant.turns.resume(running.id, caller.key)
        await _told(assistant, running, caller, tell, seen)


async def _told(
    assistant: Assistant, running: Running, caller: Caller, tell: Callable[[Entry], None], since: int
) -> None:
    loop, stops = asyncio.get_running_loop(), set[asyncio.Task[Any]]()

    def stop() -> None:
        stops.add(asyncio.ensure_future(assistant.turns.stop(running.run, caller)))

    loop.add_signal_handler(signal.SIGINT, stop)
    try:
        async for entry in running.follow():
            if entry.seq > since or (isinstance(entry.event, LIVE_ONLY) and entry.seq == since):
                tell(entry)
        await asyncio.gather(*stops)
    finally:
        loop.remove_signal_handler(signal.SIGINT)


class Lines:
    """Prints kept events as JSON lines: turn, seq, at, and the event with its name in `type`."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self.answered = False
        self.problem = ""

    def tell(self, entry: Entry) -> None:
        """Prints one entry; live pieces, which kept ones repeat, are left out."""
        if isinstance(entry.event, TurnClosed):
            self.answered = entry.event.reason == "done"
        if not isinstance(entry.event, LIVE_ONLY):
            self._write(msgspec.json.encode(entry).decode())


class Shown:
    """Shows a turn to a person: the answer as it streams, the steps as progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tools: dict[str, str] = {}
        self._said: dict[int, int] = {}
        self.answered = False
        self.problem = ""

    def tell(self, entry: Entry) -> None:
        """Shows what one entry says to a reader."""
        progress = self._progress
        match entry.event:
            case ModelCalled(model=model):
                progress.doing(f"{model} thinks")
            case ModelFailed(sentence=sentence):
                progress.did(sentence, ok=False)
            case ToolCalled() as called:
                self._tools[called.call] = said = step(called)
                progress.doing(said)
            case Checked(check=check, level=level):
                progress.doing(f"{check}: {level}")
            case ToolReturned(call=call, ok=ok, took_s=took_s):
                progress.did(self._tools.get(call, call), took_s, ok=ok)
            case AnswerDelta(reply=reply, text=text):
                self._said[reply] = self._said.get(reply, 0) + len(text)
                progress.say(text)
            case Answered(reply=reply, text=text):
                progress.say(text[self._said.get(reply, 0) :])
            case ApprovalRequested(call=call, waits=True):
                self.problem = f"waits for a person: dbmedic approve {entry.turn}-{call}"
            case TurnResumed():
                self.problem = ""
            case TurnFailed(sentence=sentence):
                self.problem = sentence
            case TurnClosed(reason=reason):
                progress.end()
                self.answered = reason == "done"
                self.problem = "" if self.answered else self.problem or f"not finished: {reason}"
            case _:
                pass


def step(called: ToolCalled) -> str:
    """A tool call in a few words: "measure rm-1: disk-used, disk-breakdown"."""
    words = [called.tool, str(called.args.get("instance", ""))]
    rest = [value for name, value in called.args.items() if name != "instance" and value]
    texts = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in rest]
    head = " ".join(word for word in words if word)
    return head + (f": {'; '.join(' '.join(text.split()) for text in texts)}"[:150] if texts else "")
