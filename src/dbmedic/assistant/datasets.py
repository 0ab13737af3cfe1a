"""Datasets as their keepers see them: made, listed, changed, deleted, tagged, and attached to apps that read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct

from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Caller, Row
from dbmedic.knowledge.kept import Dataset, json_text
from dbmedic.knowledge.library import Library

NAME_CHARS: Final = 40
DESCRIPTION_CHARS: Final = 400
TAG_CHARS: Final = 50
MOST: Final = 1000
"""Datasets of one account, and tags of one."""


class NameTaken(BadField):
    """The account has one of that name."""


class InUse(BadField):
    """An app reads the dataset."""


class Tag(Struct, frozen=True, kw_only=True):
    """A word that datasets are sorted by."""

    id: str
    name: str
    bound: int = 0
    """Datasets that have it."""


class Shelf(Struct, frozen=True, kw_only=True):
    """A dataset with what stands around it."""

    dataset: Dataset
    documents: int
    available: int
    """Documents that are found."""
    chars: int
    apps: tuple[str, ...]
    """Names of the apps that read it."""
    tags: tuple[Tag, ...]


class Datasets:
    """The datasets of all accounts; each verb sees those of the caller's account alone."""

    def __init__(self, store: Store, library: Library, *, now: Now, new_id: NewId) -> None:
        self._store, self._library, self._now, self._new_id = store, library, now, new_id

    async def get(self, id: str, caller: Caller) -> Dataset:
        """Raises `NotFound("dataset")`."""
        return await self._library.dataset(id, caller.account)

    async def create(self, caller: Caller, name: str, description: str, settings: dict[str, Any]) -> Dataset:
        """Raises `NameTaken`, and `BadField` for a name or a description that is too long."""
        _checked(name, description)
        if len(have := await self._library.datasets(caller.account)) >= MOST:
            raise BadField("name", f"an account has at most {MOST} datasets; delete one first")
        if any(one.name == name for one in have):
            raise NameTaken("name", f"there is a dataset named {name!r} already; choose another name")
        return await self._library.create(caller.account, name, description=description, settings=settings)

    async def update(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None, **settings: Any
    ) -> Dataset:
        """What is given is changed; a setting of None goes.  Raises as `create`."""
        _checked(dataset.name if name is None else name, description or "")
        kept = {key: value for key, value in {**dataset.settings, **settings}.items() if value is not None}
        if name is not None and name != dataset.name:
            for one in await self._library.datasets(dataset.account):
                if one.name == name:
                    raise NameTaken("name", f"there is a dataset named {name!r} already; choose another name")
        return await self._library.change(dataset, name=name, description=description, settings=kept)

    async def delete(self, dataset: Dataset) -> None:
        """With all that is in it.  Raises as `free`."""
        await self.free(dataset)
        await self._library.remove(dataset)

    async def free(self, dataset: Dataset) -> None:
        """Raises `InUse` while an app reads it."""
        if apps := (await self._apps(dataset.account)).get(dataset.id):
            raise InUse("dataset", f"it is read by {', '.join(apps)}; detach it first")

    # -- all that is known of them ------------------------------------------------------------------------------------

    async def shelves(
        self, caller: Caller, *, keyword: str = "", tags: Collection[str] = (), skip: int = 0, limit: int = 20
    ) -> tuple[list[Shelf], int]:
        """A page, newest first, and how many there are; of those with a tag when tags are given."""
        bound = await self._tags(caller.account)
        found = [
            one
            for one in await self._library.datasets(caller.account)
            if keyword.casefold() in one.name.casefold()
            and (not tags or any(tag.id in tags for tag in bound.get(one.id, ())))
        ]
        return await self._shelved(found[skip : skip + limit], caller.account), len(found)

    async def shelf(self, dataset: Dataset) -> Shelf:
        return (await self._shelved([dataset], dataset.account))[0]

    async def _shelved(self, datasets: list[Dataset], account: str) -> list[Shelf]:
        sizes = {row["dataset"]: row for row in await self._store.read("dataset_sizes", account=account)}
        apps, tags = await self._apps(account), await self._tags(account)
        return [
            Shelf(
                dataset=one,
                documents=sizes[one.id]["documents"] if one.id in sizes else 0,
                available=sizes[one.id]["available"] if one.id in sizes else 0,
                chars=sizes[one.id]["chars"] if one.id in sizes else 0,
                apps=tuple(apps.get(one.id, ())),
                tags=tuple(tags.get(one.id, ())),
            )
            for one in datasets
        ]

    async def _apps(self, account: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in await self._store.read("apps_of_datasets", account=account):
            found.setdefault(row["dataset"], []).append(row["name"])
        return found

    async def _tags(self, account: str) -> dict[str, list[Tag]]:
        found: dict[str, list[Tag]] = {}
        for row in await self._store.read("tags_of_datasets", account=account):
            found.setdefault(row["dataset"], []).append(Tag(id=row["id"], name=row["name"]))
        return found

    # -- apps -----------------------------------------------------------------------------------------------------

    async def attach(self, dataset: Dataset, app: str) -> None:
        """From now on the app's answers may cite it.  `app` is a name; raises `NotFound("app")`."""
        id = await self._app(app, dataset.account)
        await self._store.write(("app_dataset_put", {"account": dataset.account, "app": id, "dataset": dataset.id}))

    async def detach(self, dataset: Dataset, app: str) -> None:
        """Raises `NotFound("app")`; one that does not read it stays so."""
        id = await self._app(app, dataset.account)
        await self._store.write(("app_dataset_delete", {"app": id, "dataset": dataset.id}))

    async def of_app(self, caller: Caller) -> list[Dataset]:
        """What the caller's app reads; nothing for one without an app."""
        if caller.app is None:
            return []
        rows = await self._store.read("datasets_of_app", app=caller.app, account=caller.account)
        return [await self._library.dataset(row["id"], caller.account) for row in rows]

    async def hit(self, segments: Sequence[str]) -> None:
        """Counts that passages were found."""
        if segments:
            await self._store.write(("segments_hit", {"ids": json_text(list(segments))}))

    async def _app(self, name: str, account: str) -> str:
        for row in await self._store.read("apps_of_account", account=account):
            if row["name"] == name:
                return str(row["id"])
        raise NotFound("app", name)

    # -- tags -----------------------------------------------------------------------------------------------------

    async def tags(self, caller: Caller) -> list[Tag]:
        """Newest first."""
        rows = await self._store.read("tags_of_account", account=caller.account)
        return [Tag(id=row["id"], name=row["name"], bound=row["bound"]) for row in rows]

    async def tag(self, id: str, caller: Caller) -> Tag:
        """Raises `NotFound("tag")`."""
        for one in await self.tags(caller):
            if one.id == id:
                return one
        raise NotFound("tag", id)

    async def create_tag(self, caller: Caller, name: str) -> Tag:
        """Raises `BadField` for a name that is taken, empty or too long."""
        _named(name)
        if len(await self.tags(caller)) >= MOST:
            raise BadField("name", f"an account has at most {MOST} tags; delete one first")
        row: Row = {"id": self._new_id(), "account": caller.account, "name": name, "now": micros(self._now())}
        ((made),) = await self._store.write(("tag_put", row))
        if not made:
            raise BadField("name", "Tag name already exists")
        return Tag(id=row["id"], name=name)

    async def rename_tag(self, id: str, caller: Caller, name: str) -> Tag:
        """Raises as `create_tag`, and `NotFound("tag")`."""
        _named(name)
        await self.tag(id, caller)
        if any(one.name == name and one.id != id for one in await self.tags(caller)):
            raise BadField("name", "Tag name already exists")
        await self._store.write(("tag_rename", {"id": id, "account": caller.account, "name": name}))
        return await self.tag(id, caller)

    async def delete_tag(self, id: str, caller: Caller) -> None:
        """Raises `NotFound("tag")`."""
        ((gone),) = await self._store.write(("tag_delete", {"id": id, "account": caller.account}))
        if not gone:
            raise NotFound("tag", id)

    async def bind(self, dataset: Dataset, caller: Caller, tags: Collection[str], *, bound: bool = True) -> None:
        """Gives the dataset these tags, or takes them.  Raises `NotFound("tag")`, and nothing is done then."""
        known = {one.id for one in await self.tags(caller)}
        for tag in tags:
            if tag not in known:
                raise NotFound("tag", tag)
        name = "tag_bind" if bound else "tag_unbind"
        if tags:
            await self._store.write(*((name, {"tag": tag, "dataset": dataset.id}) for tag in tags))


def _checked(name: str, description: str) -> None:
    if not name.strip() or len(name) > NAME_CHARS:
        raise BadField("name", f"name: 1 to {NAME_CHARS} characters")
    if len(description) > DESCRIPTION_CHARS:
        raise BadField("description", f"description: at most {DESCRIPTION_CHARS} characters")


def _named(name: str) -> None:
    if not name.strip() or len(name) > TAG_CHARS:
        raise BadField("name", f"name: 1 to {TAG_CHARS} characters")
