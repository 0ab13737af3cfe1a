"""Ask, follow, stop: the life of a turn from a question to a closed log.

A turn runs in this process, detached from whoever asked; it holds a slot of its account until it is closed.  Turns
of one conversation run one after another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
import structlog

from dbmedic.agent.driver import close, drive
from dbmedic.agent.tool import Tool
from dbmedic.agent.turn import Close
from dbmedic.assistant import calls, waiting
from dbmedic.assistant.admission import Admission
from dbmedic.assistant.approvals import Approvals
from dbmedic.assistant.budgets import Spending
from dbmedic.assistant.cards import ModelCard, card
from dbmedic.assistant.conversations import Conversations, conversation_name
from dbmedic.assistant.hands import Knowing, Sources, hands, knows_nothing
from dbmedic.assistant.live import Running
from dbmedic.assistant.playbooks import Playbooks
from dbmedic.assistant.speech import Speech
from dbmedic.assistant.watch import Watch
from dbmedic.core.errors import BadField, Busy, NotFound, OutsideFailed, Overloaded, TooLarge
from dbmedic.core.events import CloseReason, Entry, StopRequested, TurnFailed, TurnOpened, TurnResumed
from dbmedic.core.log import micros
from dbmedic.core.ports import Model, NewId, Now, Store
from dbmedic.core.values import Agent, Attachment, Caller, Question, ToolSpec
from dbmedic.kit.bound import Bound

logger = structlog.get_logger("dbmedic.turns")

QUESTION_CHARS = 100_000
"""Longest question, pasted plans and logs included."""
PATIENCE_S = 20.0
"""How long a second question of a conversation waits for the first one's turn to close."""


Around: TypeAlias = Callable[[Running, Coroutine[Any, Any, None]], Coroutine[Any, Any, None]]
"""A run of a turn -> the same, watched."""


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
        search: Knowing = knows_nothing,
        approvals: Approvals | None = None,
        spending: Spending | None = None,
        standin: Model | None = None,
        around: Around | None = None,
        speech: Speech | None = None,
        playbooks: Playbooks | None = None,
        admission: Admission | None = None,
    ) -> None:
        """`models`: name -> model; the first one answers when a question names none.  `ended` is told of each turn,
        and `around` wraps each run.  The rest is as in `Sources`.
        """
        self._store, self._conversations, self._watch = store, conversations, watch
        self._models, self._tools = models, tools
        self._now, self._new_id, self._limits, self._ended = now, new_id, limits, ended
        self._around, self._spending = around or (lambda _, run: run), spending or Spending(store, now=now)
        self._sources = Sources(
            conversations, watch, approvals or Approvals(store, now=now), models, tools, now, limits.window_s,
            limits.check_s, acting, attached, answering, search, self._spending, standin, playbooks, speech,
        )  # fmt: skip
        self._running: dict[str, Running] = {}
        self._by_run: dict[str, Running] = {}
        self.admission = admission or Admission()
        self._turn_of: dict[str, Running | None] = {}
        self._scopes: dict[str, Bound] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False

    @property
    def approvals(self) -> Approvals:
        """What its turns ask of people."""
        return self._sources.approvals

    @property
    def running(self) -> int:
        """Number of turns that run here now."""
        return len(self._running)

    @property
    def queued(self) -> int:
        """Number of questions that wait for the turn before them, or for the store to take them."""
        return self.admission.running - len(self._running)

    @property
    def ending(self) -> bool:
        """Whether new turns are refused because the process ends."""
        return self._ending

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that a question may name, the default first."""
        return tuple(self._models)

    def card(self, model: str) -> ModelCard:
        """What a model can do."""
        return card(self._models[model])

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
        `NotFound("conversation")`, as `Admission.enter`, and `Busy` when the conversation's turn does not end.
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
        patience_s = PATIENCE_S if patience_s is None else patience_s
        most = await self._spending.turns_of(question.caller.account, self._limits.turns)
        if self._ending:
            raise Overloaded("dbmedic is shutting down")
        await self.admission.enter(question.caller, most, api=question.api, patience_s=patience_s)
        try:
            running, writes = await self._open(question, begins, patience_s)
        except BaseException:
            self.admission.leave(question.caller)
            raise
        # The model is asked while the question is on its way to the disk; nobody is shown anything before it is there.
        self._start(running)
        try:
            # The conversation and the turn come first in the transaction: their events refer to them.
            await self._store.append(running.entries[:1], *writes)
        except Exception:
            running.lose()
            if (scope := self._scopes.get(running.id)) is not None:
                scope.cancel()
            raise
        return running

    async def call(self, tool: str, args: dict[str, Any], caller: Caller, agent: str | None = None) -> Running:
        """Starts a turn that is one call of a tool, without a model.  Raises `NotFound("tool")`, and as `ask`."""
        if tool not in self._tools:
            raise NotFound("tool", tool)
        return await self.ask(calls.question(tool, args, caller, agent))

    def _start(self, running: Running) -> None:
        structlog.contextvars.bind_contextvars(turn=running.id)
        task = asyncio.create_task(self._around(running, self._run(running)), name=f"turn {running.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(
        self, question: Question, begins: bool, patience_s: float
    ) -> tuple[Running, list[tuple[str, dict[str, Any]]]]:
        """A turn that may start, and what must be written with its first entry."""
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
        if not opens:
            await waiting.supersede(self._store, self._conversations, conversation, question.caller, self._now)
        at = self._now()
        opened = TurnOpened(
            turn=self._new_id(),
            conversation=conversation,
            run=self._new_id(),
            question=question,
            opens=opens,
        )
        running = Running(opened, at, self._store, self._now)
        self._remember(running)
        caller, now = question.caller, micros(at)
        writes: list[tuple[str, dict[str, Any]]] = []
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
        return running, writes

    # -- run ----------------------------------------------------------------------------------------------------

    async def _run(self, running: Running) -> None:
        try:
            # Never cancelled once the turn is closed: its last write would be cut off.
            with Bound(self._limits.seconds) as self._scopes[running.id]:
                if not (running.turn.stopping or running.lost):
                    await drive(running, await hands(running, self._sources))
        except Exception as fault:
            if running.closed.is_set():
                raise
            logger.exception("turn failed", turn=running.id)
            sentence = f"dbmedic failed ({type(fault).__name__}); the log has the details"
            await running.say(TurnFailed(code="bug", sentence=sentence))
        finally:
            if not running.lost and running.turn.closed is None and not await self._paused(running):
                await close(Close(self._why_cut(running)), running)
            self._forget(running)
            self.admission.leave(running.caller)
            if not running.lost:
                self._ended(running)

    async def _paused(self, running: Running) -> bool:
        """Whether the turn waits for a person now; then it is on disk as one that does."""
        if not running.turn.waiting or running.turn.stopping or running.turn.failure is not None:
            return False
        try:
            await waiting.pause(running, self._now)
        except OutsideFailed as failure:
            await running.say(TurnFailed(code=failure.code, sentence=str(failure)))
            return False
        return True

    def _why_cut(self, running: Running) -> CloseReason:
        """Why a turn ended before it had done all."""
        if running.turn.stopping:
            return "stopped"
        if running.turn.failure is not None:
            return "failed"
        return "interrupted" if self._ending else "limit"

    def _remember(self, running: Running) -> None:
        self._running[running.id] = self._turn_of[running.conversation] = running
        for run in running.runs:
            self._by_run[run] = running

    def _forget(self, running: Running) -> None:
        self._running.pop(running.id, None)
        for run in running.runs:
            self._by_run.pop(run, None)
        self._scopes.pop(running.id, None)
        if self._turn_of.get(running.conversation) is running:
            del self._turn_of[running.conversation]

    # -- after a pause ------------------------------------------------------------------------------------------

    async def resume(self, turn: str, by: str) -> Running:
        """Goes on, as a new run, with a turn whose round of approvals is decided.

        Raises `NotFound("call")` when it does not wait any more, and `Busy` a quarter above the account's limit: what
        was decided goes on before what is asked.
        """
        if self._ending:
            raise Overloaded("dbmedic is shutting down")
        entries = await self._conversations.entries(turn)
        if not entries:
            raise NotFound("call", turn)
        running = Running.again(entries, self._store, self._now)
        resumed = TurnResumed(run=self._new_id(), by=by)
        self.admission.again(running.caller, await self._spending.turns_of(running.account, self._limits.turns))
        if not await waiting.claim(self._store, turn, resumed.run, self._now):
            self.admission.leave(running.caller)
            raise NotFound("call", turn)
        # Read again: only now nobody else adds to the log.
        running = Running.again(await self._conversations.entries(turn), self._store, self._now)
        await running.say(resumed)
        self._remember(running)
        self._start(running)
        return running

    async def sweep(self) -> None:
        """Goes on with turns whose rounds were decided, by whatever process, and closes those that waited too long."""
        for row in await waiting.due(self._store, self._now):
            if row.expired:
                await waiting.expire(self._store, self._conversations, row.turn, self._now)
            elif row.decided and row.resumes_itself:
                with contextlib.suppress(NotFound, Busy):
                    await self.resume(row.turn, "sweep")
                    structlog.contextvars.unbind_contextvars("turn")

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

        A turn that waits for a person is closed with nothing changed.  False when the run is unknown, has ended, or is
        not the caller's.
        """
        running = self._by_run.get(run)
        if running is None:
            return await waiting.stop(self._store, self._conversations, run, caller, self._now)
        if running.owner != caller.owner or running.account != caller.account:
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
            if entries := await self._conversations.entries(row["id"]):
                await close(Close("interrupted"), Running.again(entries, self._store, self._now))
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
