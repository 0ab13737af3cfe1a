"""Watched databases: registered, listed, changed, removed; their URLs are encrypted at rest.

Every verb respects the caller's key: an instance outside its scope does not exist for it.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from dbmedic.core.errors import BadField, Forbidden, UnknownInstance
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller, Instance, InstanceCard
from dbmedic.kit.urls import database_url_problem, engine_of, web_url_problem

if TYPE_CHECKING:
    from dbmedic.assistant.secrets import Secrets

ID = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,62}")
_SEALED = ("url", "metrics_url", "write_url")
"""All may hold a password."""


class Instances:
    """The instances of all accounts, each seen through a caller."""

    def __init__(self, store: Store, secrets: Secrets, *, now: Now) -> None:
        self._store, self._secrets, self._now = store, secrets, now
        self._known: dict[str, dict[str, Instance]] = {}
        self._version = -1

    async def add(
        self,
        id: str,
        url: str,
        caller: Caller,
        *,
        name: str = "",
        region: str = "",
        tags: Mapping[str, str] | None = None,
        storage_bytes: int | None = None,
        metrics_url: str | None = None,
        write_url: str | None = None,
        rows: Literal["never", "allow"] = "never",
    ) -> Instance:
        """Registers a database of the caller's account; nothing is connected.

        Raises `BadField` that names the field, also for an id that is taken, and `Forbidden`.
        """
        _may_administer(caller, id)
        if not ID.fullmatch(id):
            raise BadField("id", f"instance id {id!r}: a letter, then up to 62 letters, digits or hyphens")
        instance = Instance(
            id=id,
            url=url,
            account=caller.account,
            name=name,
            region=region,
            tags=dict(tags or {}),
            storage_bytes=storage_bytes,
            metrics_url=metrics_url,
            write_url=write_url,
            rows=rows,
            created_at=self._now(),
        )
        _check(instance)
        added = {**self._row(instance), "now": micros(self._now())}
        (made,) = await self._store.write(("instance_put_new", added))
        if not made:
            raise BadField("id", f"instance {id!r} is registered already; remove it first, or choose another id")
        return instance

    async def update(
        self,
        id: str,
        caller: Caller,
        *,
        url: str | UnsetType = UNSET,
        name: str | UnsetType = UNSET,
        region: str | UnsetType = UNSET,
        tags: Mapping[str, str] | UnsetType = UNSET,
        storage_bytes: int | UnsetType | None = UNSET,
        metrics_url: str | UnsetType | None = UNSET,
        write_url: str | UnsetType | None = UNSET,
        rows: Literal["never", "allow"] | UnsetType = UNSET,
    ) -> Instance:
        """Changes the fields that are given.  Raises `UnknownInstance`, `BadField`, `Forbidden`."""
        given = {
            "url": url, "name": name, "region": region, "tags": tags, "storage_bytes": storage_bytes,
            "metrics_url": metrics_url, "write_url": write_url, "rows": rows,
        }  # fmt: skip
        before = await self.get(id, caller)
        _may_administer(caller, id)
        changes: dict[str, Any] = {field: value for field, value in given.items() if value is not UNSET}
        instance = msgspec.structs.replace(before, **changes)
        _check(instance)
        (changed,) = await self._store.write(("instance_update", self._row(instance)))
        if not changed:
            raise UnknownInstance(id, await self._ids(caller))
        return instance

    async def remove(self, id: str, caller: Caller) -> None:
        """Forgets the instance; conversations about it stay.  Raises `UnknownInstance`, `Forbidden`."""
        await self.get(id, caller)
        _may_administer(caller, id)
        (gone,) = await self._store.write(("instance_delete", {"account": caller.account, "id": id}))
        if not gone:
            raise UnknownInstance(id, await self._ids(caller))

    async def get(self, id: str, caller: Caller) -> Instance:
        """The instance with its password.  Raises `UnknownInstance` with what the caller may see."""
        known = await self._of(caller.account)
        if id not in known or not _in_scope(id, caller):
            raise UnknownInstance(id, await self._ids(caller))
        return known[id]

    async def list(self, caller: Caller) -> list[Instance]:
        """All instances the caller may touch, with their passwords, by id."""
        return [one for one in (await self._of(caller.account)).values() if _in_scope(one.id, caller)]

    async def visible(self, caller: Caller) -> builtins.list[InstanceCard]:
        """What may be said of the instances that the caller may touch, by id."""
        return [
            InstanceCard(
                id=one.id,
                engine=engine_of(one.url) or "",
                name=one.name,
                region=one.region,
                tags=one.tags,
                writable=one.write_url is not None,
            )
            for one in await self.list(caller)
        ]

    async def _ids(self, caller: Caller) -> tuple[str, ...]:
        return tuple(one.id for one in await self.list(caller))

    async def _of(self, account: str) -> dict[str, Instance]:
        """An account's instances by id, as of the last change by any process."""
        if (version := await self._store.version()) != self._version:
            self._known.clear()
            self._version = version
        if (known := self._known.get(account)) is None:
            rows = await self._store.read("instances_of_account", account=account)
            known = {row["id"]: self._instance(row) for row in rows}
            if version == self._version:
                self._known[account] = known
        return known

    def _row(self, instance: Instance) -> dict[str, Any]:
        row = {
            "account": instance.account,
            "id": instance.id,
            "name": instance.name,
            "region": instance.region,
            "tags": msgspec.json.encode(instance.tags).decode(),
            "storage_bytes": instance.storage_bytes,
            "rows": instance.rows,
        }
        for column in _SEALED:
            text = getattr(instance, column)
            row[column] = (
                None if text is None else self._secrets.seal(text, _place(column, instance.account, instance.id))
            )
        return row

    def _instance(self, row: dict[str, Any]) -> Instance:
        opened = {
            column: None
            if row[column] is None
            else self._secrets.open(row[column], _place(column, row["account"], row["id"]))
            for column in _SEALED
        }
        created_at = moment(row["created_at"])
        return Instance(**{**row, **opened, "tags": msgspec.json.decode(row["tags"]), "created_at": created_at})


def _place(column: str, account: str, id_: str) -> str:
    return f"instances.{column}:{account}/{id_}"


def _in_scope(id_: str, caller: Caller) -> bool:
    return caller.instances is None or id_ in caller.instances


def _may_administer(caller: Caller, id_: str) -> None:
    if "administer" not in caller.rights:
        raise Forbidden("the key lacks the right to administer")
    if not _in_scope(id_, caller):
        raise Forbidden(f"the key may only touch {', '.join(caller.instances or ())}")


def _check(instance: Instance) -> None:
    """Raises `BadField` for the first field that cannot be."""
    for field in ("url", "write_url"):
        url = getattr(instance, field)
        if url is not None and (problem := database_url_problem(url)):
            raise BadField(field, f"the URL of instance {instance.id} cannot be used: {problem}")
    if instance.write_url is not None and engine_of(instance.write_url) != engine_of(instance.url):
        raise BadField("write_url", "the write URL names another engine than the URL")
    if instance.metrics_url is not None and (problem := web_url_problem(instance.metrics_url)):
        raise BadField("metrics_url", f"the metrics URL of instance {instance.id} cannot be used: {problem}")
    if instance.storage_bytes is not None and not 0 < instance.storage_bytes < 2**63:
        raise BadField("storage_bytes", f"storage_bytes: {instance.storage_bytes} is not a size; write 100GiB, say")
    if instance.rows not in ("never", "allow"):
        raise BadField("rows", f"rows: {instance.rows!r} is not one of never, allow")
    for field in ("name", "region"):
        text = getattr(instance, field)
        if len(text) > 200 or not text.isprintable():
            raise BadField(field, f"{field}: at most 200 printable characters")
    for tag, value in instance.tags.items():
        if not tag or not (tag + value).isprintable() or len(tag + value) > 400:
            raise BadField("tags", f"tag {tag!r}: a name and a value of printable characters, 400 at most together")
