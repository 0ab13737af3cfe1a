"""Conversations and their messages, as their owner reads them back.

A message is a turn: what a list shows is the fold of the turn's kept events, by the same projection that streamed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from dbmedic.core.errors import NotFound
from dbmedic.core.events import Answered, AnswerGrew, Entry, ToolCalled, TurnOpened
from dbmedic.core.log import entries as decoded
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Store
from dbmedic.core.values import Caller, Exchange, Question, Row

T = TypeVar("T")
Sort: TypeAlias = Literal["created_at", "-created_at", "updated_at", "-updated_at"]

_PAGES = {
    "created_at": "conversations_page_created_asc",
    "-created_at": "conversations_page_created_desc",
    "updated_at": "conversations_page_updated_asc",
    "-updated_at": "conversations_page_updated_desc",
}
EXCHANGES = 10
"""Earlier turns that a follow-up may refer to."""
Log: TypeAlias = "list[Entry]"
BULK = ("Measured", "Checked", "Found", "Skipped", "ToolReturned")
"""Kinds that a list of messages does not show: they stay in the log."""
_BULK = msgspec.json.encode(BULK).decode()


class Page(Struct, Generic[T], frozen=True):
    rows: list[T]
    has_more: bool


class Conversation(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    inputs: dict[str, Any]
    created_at: datetime
    updated_at: datetime


def conversation_name(question: str) -> str:
    """The name a conversation gets from its first question: its first 20 characters."""
    text = " ".join(question.split())
    return text[:20] + "…" if len(text) > 20 else text


class Conversations:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, id: str, caller: Caller) -> Conversation:
        """Raises `NotFound`, for somebody else's id just as for an unknown one."""
        rows = await self._store.read("conversation_get", id=id, owner=caller.owner, account=caller.account)
        if not rows:
            raise NotFound("conversation", id)
        return _conversation(rows[0])

    async def list(
        self, caller: Caller, *, after: str | None = None, limit: int = 20, sort: Sort = "-updated_at"
    ) -> Page[Conversation]:
        """One page in the order of `sort`, beginning behind the conversation `after`."""
        key, last = None, None
        if after is not None:
            previous = await self.get(after, caller)
            at = previous.created_at if "created" in sort else previous.updated_at
            key, last = micros(at), after
        rows = await self._store.read(
            _PAGES[sort],
            owner=caller.owner,
            account=caller.account,
            after_key=key,
            after_id=last,
            limit=limit + 1,
        )
        return Page([_conversation(row) for row in rows[:limit]], len(rows) > limit)

    async def messages(
        self,
        conversation: str,
        caller: Caller,
        *,
        before: str | None = None,
        limit: int = 20,
        without: Sequence[str] = BULK,
    ) -> Page[Sequence[Entry]]:
        """The newest `limit` turns, or those before the turn `before`; oldest first inside the page.

        Each is its kept events but for the kinds in `without`: the measurements, usually.
        Raises `NotFound("conversation" | "message")`.
        """
        await self.get(conversation, caller)
        if before is None:
            rows = await self._store.read("turns_page_newest", conversation=conversation, limit=limit + 1)
        else:
            first = await self._store.read("turn_get", id=before)
            if not first or first[0]["conversation"] != conversation:
                raise NotFound("message", before)
            rows = await self._store.read(
                "turns_page_before",
                conversation=conversation,
                before_created=first[0]["created_at"],
                before_id=before,
                limit=limit + 1,
            )
        ids = [row["id"] for row in rows[:limit]][::-1]
        logs = await self._logs(ids, without)
        return Page([logs[id] for id in ids if logs.get(id)], len(rows) > limit)

    async def owned(self, turn: str, caller: Caller) -> None:
        """Raises `NotFound("message")` unless the turn is the caller's, in a conversation that was not deleted."""
        rows = await self._store.read("turn_get", id=turn)
        if not rows or rows[0]["owner"] != caller.owner or rows[0]["account"] != caller.account:
            raise NotFound("message", turn)
        fields = {"id": rows[0]["conversation"], "owner": caller.owner, "account": caller.account}
        if not await self._store.read("conversation_get", **fields):
            raise NotFound("message", turn)

    async def own_run(self, run: str, caller: Caller) -> None:
        """Raises `NotFound("task")` unless the run is, or was, the caller's."""
        rows = await self._store.read("turn_by_run", run=run)
        if not rows or rows[0]["owner"] != caller.owner or rows[0]["account"] != caller.account:
            raise NotFound("task", run)

    async def turn(self, id: str, caller: Caller) -> Sequence[Entry]:
        """All kept events of a turn; raises `NotFound("message")`."""
        await self.owned(id, caller)
        return await self.entries(id)

    async def entries(self, turn: str) -> Sequence[Entry]:
        log: Sequence[Entry] = decoded(await self._store.read("events_of_turn", turn=turn))
        return log

    async def member(self, turn: str, conversation: str | None) -> None:
        """Raises `NotFound("message")` unless the turn is one of the conversation's."""
        rows = await self._store.read("turn_get", id=turn)
        if not rows or rows[0]["conversation"] != conversation:
            raise NotFound("message", turn)

    async def open_to(self, id: str, caller: Caller) -> bool:
        """Whether a conversation of this id is there; False when the id is free.

        Raises `NotFound` when it is deleted, or somebody else's.
        """
        if not await self._store.read("conversation_taken", id=id):
            return False
        await self.get(id, caller)
        return True

    async def first_questions(self, conversations: Sequence[str]) -> dict[str, Question]:
        """Conversation -> the question that opened it."""
        rows = await self._store.read("first_events", conversations=msgspec.json.encode(conversations).decode())
        opened = (entry.event for entry in decoded(rows))
        return {event.conversation: event.question for event in opened if isinstance(event, TurnOpened)}

    async def states(self, conversations: Sequence[str]) -> dict[str, str]:
        """Conversation -> "running" or "waiting" (for a person), for those whose last turn is not closed."""
        rows = await self._store.read("open_conversations", conversations=msgspec.json.encode(conversations).decode())
        return {row["conversation"]: row["status"] for row in rows}

    async def history(self, conversation: str, *, but: str, parent: str | None = None) -> tuple[Exchange, ...]:
        """The last turns of a conversation, oldest first, without the turn `but`.

        With `parent`, that turn and those it followed: a branch of the conversation.
        """
        if parent is not None:
            rows = await self._store.read("turns_above", turn=parent, conversation=conversation, limit=EXCHANGES)
            ids = [row["id"] for row in rows if row["id"] != but][:EXCHANGES][::-1]
            logs = await self._logs(ids, BULK)
            return tuple(exchange(logs[id]) for id in ids if logs.get(id))
        last = await self._store.read(
            "events_of_last_turns", conversation=conversation, but=but, limit=EXCHANGES, without=_BULK
        )
        return tuple(map(exchange, _by_turn(last).values()))

    async def _logs(self, turns: Sequence[str], without: Sequence[str]) -> dict[str, Log]:
        rows = await self._store.read(
            "events_of_turns",
            turns=msgspec.json.encode(turns).decode(),
            without=msgspec.json.encode(without).decode(),
        )
        return _by_turn(rows)


def _by_turn(rows: Sequence[Row]) -> dict[str, Log]:
    """Logs in the order of their first rows."""
    logs: dict[str, Log] = {}
    for entry in decoded(rows):
        logs.setdefault(entry.turn, []).append(entry)
    return logs


def exchange(log: Sequence[Entry]) -> Exchange:
    """A turn as short as a follow-up needs it."""
    question, answer, saying, instance, symptom, language = "", [], "", None, None, None
    for entry in log:
        match entry.event:
            case TurnOpened(question=asked):
                question, instance, language = asked.text, asked.instance, asked.language
            case ToolCalled(args=args):
                instance = args.get("instance") or instance
                symptom = args.get("symptom") or symptom
            case AnswerGrew(start=start, text=text):
                saying = saying[:start] + text
            case Answered(text=text):
                answer.append(text)
                saying = ""
    return Exchange(
        question=question,
        answer="".join(answer) + saying,
        instance=instance,
        symptom=symptom,
        language=language,
        at=log[0].at,
    )


def _conversation(row: Row) -> Conversation:
    return Conversation(
        id=row["id"],
        name=row["name"],
        inputs=msgspec.json.decode(row["inputs"]),
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
    )
