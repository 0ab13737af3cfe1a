"""What people do with a conversation besides talking: rename it, delete it, ask what to ask next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from dbmedic.assistant.conversations import Conversation, Conversations, conversation_name
from dbmedic.assistant.live import Running
from dbmedic.core.errors import Failure, NotFound
from dbmedic.core.events import LIVE_ONLY
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller
from dbmedic.diagnosis import onward

logger = structlog.get_logger("dbmedic.chats")

NAME_CHARS = 255


class Chats:
    """Names come from the log of a turn, so they need no model and no patience."""

    def __init__(self, store: Store, conversations: Conversations, *, now: Now) -> None:
        self._store, self._conversations, self._now = store, conversations, now
        self._naming: set[asyncio.Task[None]] = set()

    async def rename(self, id: str, caller: Caller, name: str) -> Conversation:
        """Raises `NotFound("conversation")`."""
        fields = {
            "id": id,
            "owner": caller.owner,
            "account": caller.account,
            "name": name.strip()[:NAME_CHARS],
            "now": micros(self._now()),
        }
        (rows,) = await self._store.write(("rename_own_conversation", fields))
        if not rows:
            raise NotFound("conversation", id)
        return await self._conversations.get(id, caller)

    async def rename_by_content(self, id: str, caller: Caller) -> Conversation:
        """Names it for what was found, or else for its first question.  Raises `NotFound("conversation")`."""
        before = await self._conversations.get(id, caller)
        question = (await self._conversations.first_questions([id])).get(id)
        page = await self._conversations.messages(id, caller, limit=100, without=())
        found = next((name for log in page.rows if (name := onward.named([entry.event for entry in log]))), None)
        name = found or (conversation_name(question.text) if question else before.name)
        return await self.rename(id, caller, name)

    def name_when_closed(self, running: Running) -> None:
        """Gives a new conversation its better name once its first turn has ended; a name given meanwhile stays."""
        running.when_closed(self._name)

    def _name(self, running: Running) -> None:
        if not running.turn.calls:  # nothing was measured
            return
        events = [entry.event for entry in running.entries if not isinstance(entry.event, LIVE_ONLY)]
        question = running.turn.question
        if question is None or (name := onward.named(events)) is None:
            return
        fields = {"id": running.conversation, "name": name, "before": conversation_name(question.text)}
        task = asyncio.create_task(self._keep_name(fields), name=f"name of {running.conversation}")
        self._naming.add(task)
        task.add_done_callback(self._naming.discard)

    async def _keep_name(self, fields: dict[str, str]) -> None:
        try:
            await self._store.write(("name_conversation", fields))
        except Failure as failure:
            logger.warning("conversation not named", conversation=fields["id"], error=str(failure))

    async def delete(self, id: str, caller: Caller) -> None:
        """Hides it at once, from everybody.  Raises `NotFound("conversation")`."""
        fields = {"id": id, "owner": caller.owner, "account": caller.account, "now": micros(self._now())}
        (rows,) = await self._store.write(("delete_own_conversation", fields))
        if not rows:
            raise NotFound("conversation", id)

    async def suggested(self, message: str, caller: Caller, visible: Sequence[str] = ()) -> list[str]:
        """Up to three questions that may follow a message; `visible`: ids of the instances they may be about.

        Raises `NotFound("message")`.
        """
        return onward.questions([entry.event for entry in await self._conversations.turn(message, caller)], visible)

    async def questions(self, conversation: str) -> int:
        """How many questions a conversation has."""
        (row,) = await self._store.read("turns_before", conversation=conversation)
        total: int = row["total"]
        return total

    async def end(self) -> None:
        """Waits for the names that are being given; turns must have ended."""
        if self._naming:
            await asyncio.wait(self._naming)
