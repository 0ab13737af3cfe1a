"""A model that plays a script, and a log in memory: what the driver needs and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import anyio

from dbmedic.agent.driver import Hands
from dbmedic.agent.tool import Context, Tool
from dbmedic.agent.turn import Turn, apply
from dbmedic.core.events import ApprovalRequested, Event, ToolCalled, TurnOpened
from dbmedic.core.ports import ModelRequest, Target
from dbmedic.core.values import Caller, Piece, Proposal, Question

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CALLER = Caller(account="default", user="u", key="k")
QUESTION = Question(text="why?", caller=CALLER, api="test")


class Script:
    """Replies in order; an exception in a reply is raised where it stands, a number is a pause in seconds."""

    name = "script"

    def __init__(self, *replies: Sequence[Piece | Exception | float]) -> None:
        self.replies = list(replies)
        self.requests: list[ModelRequest] = []

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        self.requests.append(request)
        for piece in self.replies[request.reply - 1]:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, float):
                await anyio.sleep(piece)
            else:
                yield piece

    async def close(self) -> None:
        pass


class Memory:
    """The driver's `Log`."""

    def __init__(self, question: Question = QUESTION) -> None:
        opened = TurnOpened(turn="t", conversation="c", run="r", question=question, opens=True)
        self.turn = apply(Turn(), opened)
        self.events: list[Event] = [opened]

    async def say(self, event: Event) -> None:
        self.turn = apply(self.turn, event)
        self.events.append(event)

    async def kept(self) -> None:
        """In memory all is kept at once."""

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def no_target(instance: str) -> Target:
    raise AssertionError(instance)


def hands(model: Script, log: Memory, *tools: Tool) -> Hands:
    numbers = itertools.count(1)

    def request(reply: int) -> ModelRequest:
        return ModelRequest(
            question=QUESTION,
            instances=(),
            history=(),
            events=tuple(log.events),
            messages=(),
            tools=tuple(tool.spec for tool in tools),
            reply=reply,
            now=NOW,
        )

    def context(call: str) -> Context:
        return Context(call, QUESTION, (), no_target, log.say, lambda: f"m{next(numbers)}", lambda: NOW)

    async def asking(called: ToolCalled, number: int, proposal: Proposal) -> Sequence[Event]:
        asked = ApprovalRequested(
            call=called.call,
            round=number,
            tool=called.tool,
            args=called.args,
            instance=proposal.instance,
            statement=proposal.statement,
            risk=proposal.risk,
            description=proposal.description,
            until=NOW,
        )
        return (asked,)

    return Hands(model, {tool.spec.name: tool for tool in tools}, request, context, asking)
