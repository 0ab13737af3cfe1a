"""Ids that clients make for their conversations: each stands, per API and owner, for a conversation of ours.

A session id that nobody has used begins a conversation; so does somebody else's, which cannot be told from it.  The id
of an own conversation, begun by whatever API, is a session too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dbmedic.assistant.conversations import Conversations
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Caller


class Sessions:
    def __init__(self, store: Store, conversations: Conversations, *, now: Now, new_id: NewId) -> None:
        self._store, self._conversations, self._now, self._new_id = store, conversations, now, new_id

    async def find(self, session: str, caller: Caller, *, api: str) -> str | None:
        """The conversation that a session stands for; None when it stands for none, or for one that was deleted."""
        conversation = await self._alias(session, caller, api) or session
        try:
            return (await self._conversations.get(conversation, caller)).id
        except NotFound:
            return None

    async def begin(self, session: str, caller: Caller, *, api: str) -> str:
        """The id of the conversation that a session stands for, or will once its first question is asked.

        The same for all who ask at once.
        """
        if (found := await self.find(session, caller, api=api)) is not None:
            return found
        row = {
            "api": api,
            "account": caller.account,
            "owner": caller.owner,
            "session": session,
            "conversation": self._new_id(),
            "now": micros(self._now()),
        }
        await self._store.write(("session_put_new", row))
        conversation = await self._alias(session, caller, api)
        assert conversation is not None
        return conversation

    async def name(self, session: str, conversation: str, caller: Caller, *, api: str) -> None:
        """Lets a session stand for a conversation, unless it stands for one already."""
        row = {
            "api": api,
            "account": caller.account,
            "owner": caller.owner,
            "session": session,
            "conversation": conversation,
            "now": micros(self._now()),
        }
        await self._store.write(("session_put_new", row))

    async def names(self, conversations: Sequence[str], *, api: str) -> dict[str, str]:
        """Conversation -> the id that this API's client knows it by: its own, unless the client made one."""
        listed = msgspec.json.encode(conversations).decode()
        rows = await self._store.read("sessions_of_conversations", conversations=listed, api=api)
        return {id: id for id in conversations} | {row["conversation"]: row["session"] for row in rows}

    async def first_time(self, conversation: str, message: str) -> None:
        """Notes the id that a client gave a message.  Raises `BadField("Message")` when it was used before."""
        row = {"conversation": conversation, "message": message}
        (rows,) = await self._store.write(("session_message_put", row))
        if not rows:
            raise BadField("Message", f"message id {message!r} was used in this session before")

    async def forget(self, conversation: str, message: str) -> None:
        """Takes `first_time` back: the message was not accepted."""
        await self._store.write(("session_message_delete", {"conversation": conversation, "message": message}))

    async def _alias(self, session: str, caller: Caller, api: str) -> str | None:
        rows = await self._store.read(
            "session_get", api=api, account=caller.account, owner=caller.owner, session=session
        )
        return rows[0]["conversation"] if rows else None
