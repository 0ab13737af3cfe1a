"""Ask, follow, stop: the life of a turn from a question to a closed log.

A turn runs in this process, detached from whoever asked; it holds a slot of its account until it is closed.  Turns
of one conversation run one after another.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import anyio
import msgspec
import structlog

from dbmedic.agent.driver import Hands, close, drive
from dbmedic.agent.prompt import messages
from dbmedic.agent.tool import Context, Search, Tool, nothing_known
from dbmedic.agent.turn import Close, Turn, apply
from dbmedic.assistant.conversations import Conversations, conversation_name
from dbmedic.assistant.live import Running
from dbmedic.assistant.watch import Watch
from dbmedic.core.errors import BadField, Busy, NotFound, TooLarge
from dbmedic.core.events import LIVE_ONLY, CloseReason, Entry, StopRequested, TurnFailed, TurnOpened
from dbmedic.core.log import micros
from dbmedic.core.ports import Model, ModelRequest, NewId, Now, Store, Target
from dbmedic.core.values import Agent, Attachment, Caller, Exchange, Question, ToolSpec

logger = structlog.get_logger("dbmedic.turns")

QUESTION_CHARS = 100_000
"""Longest question, pasted plans and logs included."""
PATIENCE_S = 20.0
"""How long a second question of a conversation waits for the first one's turn to close."""


class Limits(NamedTuple):
    """How much one account may run at once, and how long one turn, and the checks of one tool call, may take."""

    turns: int = 32
    seconds: float = 300.0
    check_s: float = 15.0
    window_s: float = 5.0
    """Distance of two samples that are compared."""


class Turns:
    """The turns that run here, and the way to those that have ended."""

    def __init__(
        self,
        store: Store,
        conversations: Conversations,
        watch: Watch,
        models: Mapping[str, Model],
        tools: Mapping[str, Tool],
        *,
        now: Now,
        new_id: NewId,
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        ended: Callable[[Running], None] = lambda _: None,
        acting: Callable[[Question], Awaitable[Agent | None]] | None = None,
        attached: Callable[[Question], Awaitable[tuple[Attachment, ...]]] | None = None,
        answering: Callable[[Question], Awaitable[Model | None]] | None = None,
        search: Search = nothing_known,
    ) -> None:
        """`models`: name -> model; the first one answers when a question names none.  `ended` is told of each turn.

        `acting` finds the agent that a question selected; without it there is only the default one.  `attached` reads
        the files of a question, `answering` finds who answers it instead of its model.
        """
        self._store, self._conversations, self._watch = store, conversations, watch
        self._models, self._tools = models, tools
        self._now, self._new_id, self._limits, self._ended, self._acting = now, new_id, limits, ended, acting
        self._attached, self._answering = attached, answering
        self._search = search
        self._running: dict[str, Running] = {}
        self._by_run: dict[str, Running] = {}
        self._slots: dict[str, int] = {}
        self._turn_of: dict[str, Running | None] = {}
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False

    @property
    def running(self) -> int:
        """Number of turns that run here now."""
        return len(self._running)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that a question may name, the default first."""
        return tuple(self._models)

    def context_window(self, model: str) -> int:
        """How many tokens a model takes, 0 where it does not say."""
        return int(getattr(self._models[model], "context_window", 0))

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """What an agent may do."""
        return tuple(tool.spec for tool in self._tools.values())

    # -- ask ----------------------------------------------------------------------------------------------------

    async def ask(self, question: Question, *, begins: bool = False, patience_s: float | None = None) -> Running:
        """Opens a turn and starts it; returns once the question is on disk.

        With `begins` the conversation that the question names is opened when there is none of that id.  A question
        waits `patience_s` (`PATIENCE_S`) for the turn before it in its conversation.
        Raises `BadField("query")` for an empty question, `TooLarge`, `UnknownInstance` for the instance field,
        `NotFound("conversation")`, and `Busy` at the account's limit or when the conversation's turn does not end.
        """
        if not question.text.strip():
            raise BadField("query", "query is required")
        if len(question.text) > QUESTION_CHARS:
            raise TooLarge("query", len(question.text), QUESTION_CHARS)
        if question.model is not None and question.model not in self._models:
            raise BadField("model", f"model {question.model!r} is not configured; models: {', '.join(self._models)}")
        if question.instance is not None:
            await self._watch.known(question.instance, question.caller)
        if question.conversation is not None and not begins:
            await self._conversations.get(question.conversation, question.caller)
        if question.parent is not None:
            await self._conversations.member(question.parent, question.conversation)
        account = question.caller.account
        if self._ending:
            raise Busy("dbmedic is shutting down", 0)
        if self._slots.get(account, 0) >= self._limits.turns:
            raise Busy(f"turns of account {account}", self._limits.turns)
        self._slots[account] = self._slots.get(account, 0) + 1
        try:
            running = await self._open(question, begins, PATIENCE_S if patience_s is None else patience_s)
        except BaseException:
            self._release(account)
            raise
        task = asyncio.create_task(self._run(running), name=f"turn {running.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return running

    async def _open(self, question: Question, begins: bool, patience_s: float) -> Running:
        conversation = question.conversation or self._new_id()
        opens = question.conversation is None
        while True:
            if begins:
                opens = not await self._conversations.open_to(conversation, question.caller)
            if (before := self._turn_of.get(conversation)) is None:
                break
            try:
                async with asyncio.timeout(patience_s):
                    await before.closed.wait()
            except TimeoutError:
                raise Busy(f"turns of conversation {conversation}", 1) from None
            await asyncio.sleep(0)
        at = self._now()
        opened = TurnOpened(
            turn=self._new_id(),
            conversation=conversation,
            run=self._new_id(),
            question=question,
            opens=opens,
        )
        running = Running(opened, at, self._store, self._now)
        self._running[running.id] = self._by_run[running.run] = self._turn_of[conversation] = running
        caller, now = question.caller, micros(at)
        writes = []
        if opened.opens:
            fields = {
                "id": conversation,
                "account": caller.account,
                "owner": caller.owner,
                "app": caller.app,
                "name": conversation_name(question.text),
                "inputs": msgspec.json.encode(question.inputs).decode(),
                "api": question.api,
                "now": now,
            }
            writes.append(("open_conversation", fields))
        else:
            writes.append(("touch_conversation", {"id": conversation, "now": now}))
        row = {
            "id": running.id,
            "conversation": conversation,
            "account": caller.account,
            "owner": caller.owner,
            "app": caller.app,
            "run": running.run,
            "api": question.api,
            "parent": question.parent,
            "now": now,
        }
        writes.append(("open_turn", row))
        try:
            # The conversation and the turn come first in the transaction: their events refer to them.
            await self._store.append(running.entries, *writes)
        except BaseException:
            self._forget(running)
            raise
        return running

    # -- run ----------------------------------------------------------------------------------------------------

    async def _run(self, running: Running) -> None:
        try:
            # Never cancelled once the turn is closed: its last write would be cut off.
            with anyio.move_on_after(self._limits.seconds) as self._scopes[running.id]:
                if not running.turn.stopping:
                    await drive(running, await self._hands(running))
        except Exception as fault:
            logger.exception("turn failed", turn=running.id)
            sentence = f"dbmedic failed ({type(fault).__name__}); the log has the details"
            await running.say(TurnFailed(code="bug", sentence=sentence))
        finally:
            if running.turn.closed is None:
                await close(Close(self._why_cut(running)), running)
            self._forget(running)
            self._release(running.account)
            self._ended(running)

    def _why_cut(self, running: Running) -> CloseReason:
        """Why a turn ended before it had done all."""
        if running.turn.stopping:
            return "stopped"
        if running.turn.failure is not None:
            return "failed"
        return "interrupted" if self._ending else "limit"

    async def _hands(self, running: Running) -> Hands:
        question = running.turn.question
        assert question is not None
        cards = tuple(await self._watch.cards(question.caller))
        opened = running.entries[0].event
        assert isinstance(opened, TurnOpened)
        history: tuple[Exchange, ...] = ()
        if not opened.opens:
            history = await self._conversations.history(running.conversation, but=running.id, parent=question.parent)
        agent = None if self._acting is None else await self._acting(question)
        files = await self._attached(question) if self._attached is not None and question.files else ()
        allowed = None if agent is None else agent.tools
        tools = {name: tool for name, tool in self._tools.items() if allowed is None or name in allowed}
        specs = tuple(tool.spec for tool in tools.values())
        numbers = itertools.count(1)
        cited: dict[str, int] = {}

        def request(reply: int) -> ModelRequest:
            events = tuple(entry.event for entry in running.entries if not isinstance(entry.event, LIVE_ONLY))
            return ModelRequest(
                question=question,
                instances=cards,
                history=history,
                events=events,
                messages=messages(
                    question,
                    history,
                    events,
                    cards,
                    question.language,
                    now=self._now(),
                    agent=agent,
                    attachments=files,
                ),
                tools=specs,
                reply=reply,
                now=self._now(),
                agent=agent,
                attachments=files,
            )

        async def target(instance: str) -> Target:
            return await self._watch.target(instance, question.caller)

        def context(call: str) -> Context:
            return Context(
                call=call,
                question=question,
                instances=cards,
                target=target,
                say=running.say,
                new_measure=lambda: f"m{next(numbers)}",
                now=self._now,
                window_s=self._limits.window_s,
                budget_s=self._limits.check_s,
                search=self._search,
                cite=lambda passage: cited.setdefault(passage, len(cited) + 1),
            )

        instead = await self._answering(question) if self._answering is not None else None
        return Hands(instead or self._model(question), tools, request, context)

    def _model(self, question: Question) -> Model:
        return self._models[question.model] if question.model else next(iter(self._models.values()))

    def _forget(self, running: Running) -> None:
        self._running.pop(running.id, None)
        self._by_run.pop(running.run, None)
        self._scopes.pop(running.id, None)
        if self._turn_of.get(running.conversation) is running:
            del self._turn_of[running.conversation]

    def _release(self, account: str) -> None:
        self._slots[account] -= 1
        if not self._slots[account]:
            del self._slots[account]

    # -- follow and stop ----------------------------------------------------------------------------------------

    async def batches(self, turn: str, caller: Caller) -> AsyncIterator[Sequence[Entry]]:
        """A turn's entries from the first on: as they come while it runs here, from the store when it has ended.

        Raises `NotFound("message")` for a turn that is not the caller's.
        """
        running = self._running.get(turn)
        if running is not None:
            if running.owner != caller.owner or running.account != caller.account:
                raise NotFound("message", turn)
            async for batch in running.batches():
                yield batch
        else:
            yield await self._conversations.turn(turn, caller)

    async def stop(self, run: str, caller: Caller) -> bool:
        """Ends a run: its database statement and its model call are cancelled, what was said is kept.

        False when the run is unknown, has ended, or is not the caller's.
        """
        running = self._by_run.get(run)
        if running is None or running.owner != caller.owner or running.account != caller.account:
            return False
        if running.turn.closed is None and not running.turn.stopping:
            await running.say(StopRequested(by=caller.key))
            if (scope := self._scopes.get(running.id)) is not None:
                scope.cancel()
        return True

    # -- start and end of the process ---------------------------------------------------------------------------

    async def recover(self) -> int:
        """Closes the turns that a crash left open as interrupted, with what was said so far; returns how many."""
        rows = await self._store.read("open_turns")
        for row in rows:
            entries = await self._conversations.entries(row["id"])
            if not entries:
                continue
            turn = Turn()
            for entry in entries:
                turn = apply(turn, entry.event)
            log = Running(entries[0].event, entries[0].at, self._store, self._now)  # type: ignore[arg-type]
            log.resume_at(turn, entries[-1])
            await close(Close("interrupted"), log)
        return len(rows)

    async def end(self, patience_s: float) -> None:
        """Takes no new turns, waits for the running ones, then closes the rest as interrupted."""
        self._ending = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        for turn, scope in list(self._scopes.items()):
            if self._running[turn].turn.closed is None:
                scope.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
