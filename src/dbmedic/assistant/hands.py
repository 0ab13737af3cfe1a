"""What the driver of one turn works with: who answers, what it may know, its tools and what those may touch."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from dbmedic.agent.driver import Hands
from dbmedic.agent.prompt import messages
from dbmedic.agent.tool import Context, Search, Tool, nothing_known
from dbmedic.agent.turn import approval
from dbmedic.assistant.approvals import Approvals
from dbmedic.assistant.budgets import Spending
from dbmedic.assistant.calls import OneCall, called
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.live import Running
from dbmedic.assistant.playbooks import TOOL, Playbooks, taught
from dbmedic.assistant.speech import Speech
from dbmedic.assistant.watch import Watch
from dbmedic.core.events import LIVE_ONLY, Cited, Event, Measured, ToolCalled, TurnOpened
from dbmedic.core.ports import Model, ModelRequest, Now, Target, Writer
from dbmedic.core.values import Agent, Attachment, Exchange, Message, Proposal, Question
from dbmedic.diagnosis.analyst import Analyst
from dbmedic.diagnosis.playbooks import Playbook, read

MORE, LEAST_S = 1.2, 3.0
"""What all looks of an answer without a language model may take, times what one may; and what the last still gets."""
Knowing = Callable[[Question], Search]
"""A question -> the search over what whoever asked it may read."""


def knows_nothing(_: Question) -> Search:
    """A knowledge base with nothing in it, for everybody."""
    return nothing_known


class Sources(NamedTuple):
    """Where the parts of a turn's hands come from."""

    conversations: Conversations
    watch: Watch
    approvals: Approvals
    models: Mapping[str, Model]
    tools: Mapping[str, Tool]
    now: Now
    window_s: float
    check_s: float
    acting: Callable[[Question], Awaitable[Agent | None]] | None = None
    """Finds the agent that a question selected; None: there is only the default one."""
    attached: Callable[[Question], Awaitable[tuple[Attachment, ...]]] | None = None
    """Reads the files of a question."""
    answering: Callable[[Question], Awaitable[Model | None]] | None = None
    """Finds who answers a question instead of its model."""
    search: Knowing = knows_nothing
    spending: Spending | None = None
    """What a language model may use; None: whatever it likes."""
    standin: Model | None = None
    """Who answers when no language model can."""
    playbooks: Playbooks | None = None
    """Procedures that are written down; None: none are."""
    speech: Speech | None = None
    """How language models take part: masked and grounded; None: as they are."""


async def hands(running: Running, sources: Sources) -> Hands:
    """The hands of a turn that is about to be driven, for the first time or after a pause."""
    question, opened = running.turn.question, running.entries[0].event
    assert question is not None
    assert isinstance(opened, TurnOpened)
    cards = tuple(await sources.watch.cards(question.caller))
    history: tuple[Exchange, ...] = question.earlier
    if not opened.opens:
        history = await sources.conversations.history(running.conversation, but=running.id, parent=question.parent)
    agent = None if sources.acting is None else await sources.acting(question)
    follows = bool(question.files) or not opened.opens
    files = await sources.attached(question) if sources.attached is not None and follows else ()
    tools = sources.tools
    if agent is not None and agent.tools is not None:
        tools = {name: tool for name, tool in tools.items() if name in agent.tools}
    playbooks: Mapping[str, Playbook] = {}
    if sources.playbooks is not None:
        playbooks = await sources.playbooks.all()
        specs = await sources.playbooks.offered(tools, cards)
    else:
        specs = tuple(tool.spec for name, tool in tools.items() if name != TOOL)
    knowing = taught(agent, question, playbooks)
    before = [entry.event for entry in running.entries]
    numbers = itertools.count(1 + sum(isinstance(event, Measured) for event in before))
    cited = {passage: number for number, passage in enumerate(_passages(before), 1)}

    instead: Model | None = OneCall() if called(question) is not None else None
    if instead is None and sources.answering is not None:
        instead = await sources.answering(question)
    model, others = (instead, ()) if instead is not None else _answering(question, agent, sources)
    opened_at = running.entries[0].at
    bounds = await sources.spending.bounds(running.turn, question) if others and sources.spending is not None else None

    def request(reply: int) -> ModelRequest:
        events = tuple(entry.event for entry in running.entries if not isinstance(entry.event, LIVE_ONLY))
        note = bounds.note(reply) if bounds is not None else ""
        return ModelRequest(
            question=question,
            instances=cards,
            history=history,
            events=events,
            messages=(
                *messages(
                    question,
                    history,
                    events,
                    cards,
                    question.language,
                    now=sources.now(),
                    agent=agent,
                    attachments=files,
                ),
                *((Message(role="user", text=note),) if note else ()),
            ),
            tools=specs,
            reply=reply,
            now=sources.now(),
            agent=knowing,
            attachments=files,
        )

    async def target(instance: str) -> Target:
        return await sources.watch.target(instance, question.caller)

    async def writer(instance: str, database: str) -> Writer:
        return await sources.watch.writer(instance, question.caller, database)

    def context(call: str) -> Context:
        return Context(
            call=call,
            question=question,
            instances=cards,
            target=target,
            say=running.say,
            new_measure=lambda: f"m{next(numbers)}",
            now=sources.now,
            window_s=sources.window_s,
            budget_s=time_left(model.name, sources.check_s, (sources.now() - opened_at).total_seconds()),
            search=sources.search(question),
            cite=lambda passage: cited.setdefault(passage, len(cited) + 1),
            playbook=lambda name: read(playbooks, name),
            approved=approval(running.turn, call),
            writer=writer,
        )

    async def asking(called: ToolCalled, number: int, proposal: Proposal) -> Sequence[Event]:
        return await sources.approvals.asking(called, number, proposal, question)

    first = None
    if others and sources.speech is not None:
        spoken = sources.speech.of(running.id, running.conversation, target)
        model, others = spoken(model), (*map(spoken, others[:-1]), others[-1])
        first = sources.speech.first(request(1)) if cards and not running.turn.replies else None
    if bounds is None:
        return Hands(model, tools, request, context, asking, others, first=first)
    return Hands(model, tools, request, context, asking, others, bounds.over, bounds.refused, first)


def time_left(model: str, check_s: float, spent_s: float) -> float:
    """Seconds that the checks of the next look may take, `spent_s` after the question.

    Who asks the analyst waits for nothing but the looks, so they share a time; a language model takes its own.
    """
    return check_s if model != Analyst.name else min(check_s, max(LEAST_S, MORE * check_s - spent_s))


def _answering(question: Question, agent: Agent | None, sources: Sources) -> tuple[Model, tuple[Model, ...]]:
    """The model of a question, and who answers when it fails, in order; nobody for the analyst, which does not."""
    name = question.model or (agent.model if agent is not None else "")
    model = sources.models.get(name) or next(iter(sources.models.values()))
    if sources.standin is None or model.name == sources.standin.name:
        return model, ()
    others = (sources.models.get(name) for name in getattr(model, "fallbacks", ()))
    return model, (*(one for one in others if one is not None), sources.standin)


def _passages(events: Sequence[Event]) -> list[str]:
    """Ids of the passages cited so far, in the order they were first cited."""
    return list(dict.fromkeys(event.passage.id for event in events if isinstance(event, Cited)))
