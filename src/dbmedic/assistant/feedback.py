"""What people thought of an answer: one rating per message, the last one counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from dbmedic.assistant.conversations import Conversations
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller

Rating = Literal["like", "dislike"]


class Feedback:
    def __init__(self, store: Store, conversations: Conversations, *, now: Now) -> None:
        self._store, self._conversations, self._now = store, conversations, now

    async def rate(self, message: str, caller: Caller, rating: Rating | None, content: str, *, api: str) -> None:
        """Keeps a rating of the caller's own message; None takes it back.  Raises `NotFound("message")`."""
        await self._conversations.owned(message, caller)
        if rating is None:
            await self._store.write(("feedback_delete", {"turn": message}))
            return
        row = {
            "turn": message,
            "account": caller.account,
            "owner": caller.owner,
            "rating": rating,
            "content": content,
            "api": api,
            "now": micros(self._now()),
        }
        await self._store.write(("feedback_put", row))

    async def of(self, messages: Sequence[str]) -> dict[str, Rating]:
        """Message -> rating, for those that have one."""
        rows = await self._store.read("feedback_of_turns", turns=msgspec.json.encode(messages).decode())
        return {row["turn"]: row["rating"] for row in rows}
