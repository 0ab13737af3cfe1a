"""Accounts, their users and apps: the ones that always exist, made at the first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Caller

if TYPE_CHECKING:
    from dbmedic.assistant.secrets import Secrets

DEFAULT = "default"
"""Id of the account, and name of the user and the app, that always exist."""

LOCAL = Caller(account=DEFAULT, user="local", key="local", rights=("ask", "approve", "administer"))
"""Whoever may write the data folder: the command line."""


async def first_start(store: Store, secrets: Secrets, *, max_turns: int, now: Now, new_id: NewId) -> None:
    """Makes the default account, user and app where they are missing, and ties the store to its key.

    May be called at every start, and by several processes at once.  Raises `WrongKey` when the store was made with
    another key.
    """
    kept = await store.read("setting_get", name="key_id")
    if not kept or not await store.read("app_by_name", account=DEFAULT, name=DEFAULT):
        at = micros(now())
        await store.write(
            ("setting_put_new", {"name": "key_id", "value": secrets.key_id}),
            ("account_put_new", {"id": DEFAULT, "name": DEFAULT, "max_turns": max_turns, "now": at}),
            ("user_put_new", {"id": new_id(), "account": DEFAULT, "name": DEFAULT, "now": at}),
            ("app_put_new", {"id": new_id(), "account": DEFAULT, "name": DEFAULT, "now": at}),
        )
        kept = await store.read("setting_get", name="key_id")
    (account,) = await store.read("account_get", id=DEFAULT)
    if account["max_turns"] != max_turns:  # of the account that always exists, the setting is the limit
        await store.write(("account_limit", {"id": DEFAULT, "max_turns": max_turns}))
    if kept[0]["value"] != secrets.key_id:
        from dbmedic.assistant.secrets import wrong_key

        raise wrong_key(kept[0]["value"], secrets.key_id)
