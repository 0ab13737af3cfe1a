"""Skills: what an agent can be taught, per kind of database; an account's own, and the built-in symptom plans.

A skill's text is for a language model.  Lines `checks: a, b` and `symptom: x` in it are hints that the analyst follows
as well (`diagnosis/hints.py`).
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Struct

from dbmedic.core import values
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Row
from dbmedic.diagnosis.symptoms import symptoms

ENGINES = {
    "MySQL": "mysql",
    "PostgreSQL": "postgres",
    "SQLServer": "sqlserver",
    "MariaDB": "mariadb",
    "SQLite": "sqlite",
}
"""Kinds of databases as skills name them -> engines."""

NAME = re.compile(r"[a-z0-9-]{1,64}")
DESCRIPTION_CHARS = 1000
TEXT_CHARS = 32_000
MOST = 1000
"""Skills of one account."""
BORN = datetime(2026, 1, 1, tzinfo=UTC)
"""When the built-in skills say they were made."""


class Skill(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    description: str
    dbtypes: tuple[str, ...]
    content: dict[str, str]
    """Kind of database -> text."""
    type: Literal["user", "system"]
    created_at: datetime
    updated_at: datetime

    def taught(self) -> values.Skill:
        """As an agent has it."""
        texts = {ENGINES[kind]: text for kind, text in self.content.items() if kind in ENGINES}
        return values.Skill(name=self.name, description=self.description, texts=texts)


class Skills:
    """The skills of all accounts."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId) -> None:
        self._store, self._now, self._new_id = store, now, new_id

    async def create(
        self, account: str, *, name: str, description: str, dbtypes: Sequence[str], content: Mapping[str, str]
    ) -> Skill:
        """A new skill.  Raises `BadField`, also for a name that is taken."""
        skill = Skill(
            id=self._new_id(),
            name=name,
            description=description,
            dbtypes=tuple(dbtypes),
            content=dict(content),
            type="user",
            created_at=self._now(),
            updated_at=self._now(),
        )
        _check(skill)
        if len(await self._own(account)) >= MOST:
            raise BadField("name", f"an account has at most {MOST} skills; delete one first")
        (made,) = await self._store.write(("skill_put_new", self._row(skill, account)))
        if not made:
            raise _taken(name)
        return skill

    async def update(
        self,
        id: str,
        account: str,
        *,
        name: str | None = None,
        description: str | None = None,
        dbtypes: Sequence[str] | None = None,
        content: Mapping[str, str] | None = None,
    ) -> Skill:
        """Changes what is given.  Raises `NotFound("skill")` and `BadField`, also for a built-in skill."""
        before = await self.get(id, account)
        if before.type == "system":
            raise _built_in(before.name)
        skill = msgspec.structs.replace(
            before,
            name=before.name if name is None else name,
            description=before.description if description is None else description,
            dbtypes=before.dbtypes if dbtypes is None else tuple(dbtypes),
            content=before.content if content is None else dict(content),
            updated_at=self._now(),
        )
        _check(skill)
        (changed,) = await self._store.write(("skill_update", self._row(skill, account)))
        if not changed:
            await self.get(id, account)
            raise _taken(skill.name)
        return skill

    async def delete(self, id: str, account: str) -> None:
        """Agents that have it go on without it.  Raises `NotFound("skill")`, and `BadField` for a built-in one."""
        if id in system_skills():
            raise _built_in(system_skills()[id].name)
        gone = {"id": id, "account": account, "now": micros(self._now())}
        (rows,) = await self._store.write(("skill_delete", gone))
        if not rows:
            raise NotFound("skill", id)

    async def get(self, id: str, account: str) -> Skill:
        """Raises `NotFound("skill")`."""
        if id in system_skills():
            return system_skills()[id]
        rows = await self._store.read("skill_get", id=id, account=account)
        if not rows:
            raise NotFound("skill", id)
        return _skill(rows[0])

    async def list(self, account: str, *, scope: str = "all", words: str = "") -> list[Skill]:
        """Own skills, newest first, then built-in ones by name; `words` are looked for in name and description."""
        own = await self._own(account) if scope in ("all", "private") else []
        built_in = list(system_skills().values()) if scope in ("all", "system") else []
        return [one for one in (*own, *built_in) if words.lower() in f"{one.name}\n{one.description}".lower()]

    async def taught(self, ids: Sequence[str], account: str) -> tuple[Skill, ...]:
        """The skills of these ids that (still) exist, in this order."""
        own = {one.id: one for one in await self._own(account)} | system_skills()
        return tuple(own[id] for id in ids if id in own)

    async def _own(self, account: str) -> builtins.list[Skill]:
        return [_skill(row) for row in await self._store.read("skills_of_account", account=account)]

    def _row(self, skill: Skill, account: str) -> Row:
        return {
            "id": skill.id,
            "account": account,
            "name": skill.name,
            "description": skill.description,
            "dbtypes": msgspec.json.encode(skill.dbtypes).decode(),
            "content": msgspec.json.encode(skill.content).decode(),
            "now": micros(skill.updated_at),
        }


@cache
def system_skills() -> dict[str, Skill]:
    """The symptom plans as skills, by id, in the order of their names."""
    found = {}
    for name, symptom in sorted(symptoms().items()):
        checks = ", ".join(dict.fromkeys(check for check in symptom.lead))
        text = f"symptom: {name}" + (f"\nchecks: {checks}" if checks else "")
        skill = Skill(
            id=str(uuid5(NAMESPACE_URL, f"dbmedic:skill:{name}")),
            name=name,
            description=f"Follows the symptom {name!r} from the first checks to the cause.",
            dbtypes=("MySQL", "PostgreSQL", "MariaDB", "SQLite"),
            content=dict.fromkeys(("MySQL", "PostgreSQL", "MariaDB", "SQLite"), text),
            type="system",
            created_at=BORN,
            updated_at=BORN,
        )
        found[skill.id] = skill
    return found


def _check(skill: Skill) -> None:
    """Raises `BadField` for the first field that cannot be."""
    if not NAME.fullmatch(skill.name):
        raise BadField("name", "a skill's name has 1 to 64 lower-case letters, digits and hyphens")
    if not 0 < len(skill.description.strip()) <= DESCRIPTION_CHARS or len(skill.description) > DESCRIPTION_CHARS:
        raise BadField("description", f"a skill's description has 1 to {DESCRIPTION_CHARS} characters")
    if not skill.dbtypes or len(set(skill.dbtypes)) != len(skill.dbtypes) or not set(skill.dbtypes) <= set(ENGINES):
        raise BadField("dbtypes", f"a skill names at least one of {', '.join(ENGINES)}, each once")
    for kind, text in skill.content.items():
        if kind not in skill.dbtypes:
            raise BadField("content", f"content for {kind!r}, which is not among the skill's database types")
        if not isinstance(text, str) or len(text) > TEXT_CHARS or "\0" in text:
            raise BadField("content", f"content for {kind} must be a text of at most {TEXT_CHARS} characters")


def _taken(name: str) -> BadField:
    return BadField("name", f"a skill named {name!r} exists already; choose another name")


def _built_in(name: str) -> BadField:
    return BadField("id", f"skill {name!r} is built in and cannot be changed; create one of your own")


def _skill(row: Row) -> Skill:
    return Skill(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        dbtypes=tuple(msgspec.json.decode(row["dbtypes"])),
        content=msgspec.json.decode(row["content"]),
        type="user",
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
    )
