"""Apps, and the people who use them: whoever an app's client names as its user is known from then on."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from msgspec import Struct

from dbmedic.core.errors import NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller

REMEMBERED = 10_000
"""People who are known to be in the store, so that nothing is written for them again."""


class App(Struct, frozen=True):
    """What a key of kind app belongs to."""

    id: str
    name: str
    created_at: datetime


class EndUser(Struct, frozen=True):
    """A person as a client of an app names them."""

    id: str
    app: str
    text: str
    created_at: datetime


class People:
    def __init__(self, store: Store, *, now: Now) -> None:
        self._store, self._now = store, now
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def app(self, caller: Caller) -> App:
        """The app that the caller's key belongs to.  Raises `NotFound("app")`."""
        rows = await self._store.read("app_get", id=caller.app, account=caller.account)
        if not rows:
            raise NotFound("app", caller.app or "")
        return App(rows[0]["id"], rows[0]["name"], moment(rows[0]["created_at"]))

    async def seen(self, caller: Caller, id: str) -> None:
        """Keeps who speaks, on first sight, under the id that the API gives them."""
        if id in self._seen or caller.app is None or caller.end_user is None:
            return
        fields = {
            "id": id,
            "account": caller.account,
            "app": caller.app,
            "text": caller.end_user,
            "now": micros(self._now()),
        }
        await self._store.write(("end_user_put", fields))
        self._seen[id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def end_user(self, id: str, caller: Caller) -> EndUser:
        """Somebody who was seen at the caller's app.  Raises `NotFound("end user")`."""
        rows = await self._store.read("end_user_of_app", id=id, account=caller.account, app=caller.app)
        if not rows:
            raise NotFound("end user", id)
        row = rows[0]
        return EndUser(row["id"], row["app"], row["text"], moment(row["created_at"]))
