"""What people thought of an answer: one rating per message, the last one counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from dbmedic.assistant.conversations import Conversations
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller

Rating = Literal["like", "dislike"]


class Given(Struct, frozen=True, kw_only=True):
    """A rating with the message it is about."""

    message: str
    conversation: str
    owner: str
    rating: Rating
    content: str
    created_at: datetime
    updated_at: datetime


class Feedback:
    def __init__(self, store: Store, conversations: Conversations, *, now: Now) -> None:
        self._store, self._conversations, self._now = store, conversations, now

    async def rate(self, message: str, caller: Caller, rating: Rating | None, content: str, *, api: str) -> bool:
        """Keeps a rating of the caller's own message; None takes it back.  Raises `NotFound("message")`.

        False when there was none to take back.
        """
        await self._conversations.owned(message, caller)
        if rating is None:
            (gone,) = await self._store.write(("feedback_delete", {"turn": message}))
            return bool(gone)
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
        return True

    async def of(self, messages: Sequence[str]) -> dict[str, Rating]:
        """Message -> rating, for those that have one."""
        rows = await self._store.read("feedback_of_turns", turns=msgspec.json.encode(messages).decode())
        return {row["turn"]: row["rating"] for row in rows}

    async def of_app(self, caller: Caller, *, skip: int, limit: int) -> list[Given]:
        """What was given to answers of the caller's app, newest first."""
        rows = await self._store.read("feedback_of_app", account=caller.account, app=caller.app, skip=skip, limit=limit)
        return [
            Given(
                message=row["turn"],
                conversation=row["conversation"],
                owner=row["owner"],
                rating=row["rating"],
                content=row["content"],
                created_at=moment(row["created_at"]),
                updated_at=moment(row["at"]),
            )
            for row in rows
        ]
