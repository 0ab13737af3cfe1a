"""Check ids and the facts of a server -> what to run, what makes no sense there, what cannot be seen and why.

Pure.  `servers.toml` names what a check may need to see; `run.py` carries the steps out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import Struct

from dbmedic.checks.check import Check, On, Source
from dbmedic.checks.template import ident
from dbmedic.core.errors import BadField
from dbmedic.core.values import EngineFacts

TIMEOUTS_S = {0: 1.0, 1: 2.0, 2: 5.0, 3: 15.0, 4: 120.0}
"""Time limit of one statement, by the cost class of its check."""


class Off(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to say instead when a setting shows that the thing is not there for anybody."""

    setting: str
    sentence: str
    grant: str
    value: str = ""
    """The setting's value then; empty for a setting that does not exist."""


class Access(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something an account may be unable to see."""

    reason: str
    sentence: str
    grant: str
    privileges: tuple[str, ...] = ()
    extension: str | None = None
    feature: bool = False
    """Something that may be switched off for superusers, too."""
    probe: str = ""
    """Counts, as `hidden`, the rows that we cannot see."""
    off: Off | None = None

    def met(self, facts: EngineFacts) -> bool:
        if self.extension is not None:
            return self.extension in facts.extensions
        return (facts.superuser and not self.feature) or bool(facts.privileges.intersection(self.privileges))


class Server(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What checks need to know about a family of servers."""

    names: dict[str, str] = {}
    """What stands in braces in SQL -> what it is called there."""
    overload: str = ""
    access: dict[str, Access] = {}
    few: int = 0
    """So many tables may each be opened; of more only those of a shortlist."""
    shortlists: dict[str, dict[str, str] | str] = {}
    """Columns `schema` and `table`, by the first version each fits; `shortlist.py` says what they are for."""


class Step(Struct, frozen=True, kw_only=True):
    """A check that can be run."""

    check: Check
    on: On
    source: Source
    sql: str
    doubts: tuple[Access, ...] = ()
    """Needs that are not met; its probe decides whether an empty result means anything."""
    fallback: tuple[Source, str] | None = None
    """Used when the source fails."""
    instead_of: Access | None = None
    """What was missing when `source` is a fallback."""


class Blind(Struct, frozen=True, kw_only=True):
    """A check that cannot see its data."""

    check: Check
    reason: str
    sentence: str
    grant: str | None = None


class Skip(Struct, frozen=True, kw_only=True):
    """A check that makes no sense here."""

    check: Check
    because: str


Decision: TypeAlias = Step | Blind | Skip


@cache
def servers() -> Mapping[str, Server]:
    """`servers.toml`, MariaDB as a difference to MySQL; read once."""
    text = (Path(__file__).parent / "servers.toml").read_bytes()
    found = msgspec.toml.decode(text, type=dict[str, Server])
    base, own = found["mysql"], found.get("mariadb", Server())
    mixed = Server(
        names=base.names | own.names,
        overload=own.overload or base.overload,
        access=base.access | own.access,
        few=own.few or base.few,
        shortlists=base.shortlists | own.shortlists,
    )
    return found | {"mariadb": mixed}


def server(engine: str) -> Server:
    return servers().get(engine) or Server()


def plan(ids: Sequence[str], checks: Mapping[str, Check], facts: EngineFacts) -> list[Decision]:
    """One decision per id, cheap ones first, else in the order given.  Raises `BadField` for an id that is no check."""
    for name in ids:
        if name not in checks:
            raise BadField("checks", f"there is no check {name!r}")
    wanted = sorted((checks[name] for name in dict.fromkeys(ids)), key=lambda check: check.cost)
    return [_decision(check, facts) for check in wanted]


def newest(sql: Mapping[str, str] | str, version: tuple[int, ...]) -> str | None:
    """The text under the newest version that is not too new; None when all are."""
    if isinstance(sql, str):
        return sql
    fitting = [key for key in sql if _version(key) <= version]
    return sql[max(fitting, key=_version)] if fitting else None


def lacking(access: Access, facts: EngineFacts, hidden: int | None = None) -> tuple[str, str]:
    """Why we cannot see it and what would let us, as sentence and statement."""
    off = access.off
    if off is not None and facts.settings.get(off.setting, "") == off.value:
        return _filled(off.sentence, facts, hidden), _filled(off.grant, facts, hidden)
    return _filled(access.sentence, facts, hidden), _filled(access.grant, facts, hidden)


def _filled(text: str, facts: EngineFacts, hidden: int | None) -> str:
    role = ident(facts.role, facts.engine) if facts.engine == "postgres" else facts.role
    return (
        text.replace("{role}", role)
        .replace("{database}", facts.database)
        .replace("{hidden}", "some" if hidden is None else str(hidden))
    )


def _version(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in key.split("."))


def _decision(check: Check, facts: EngineFacts) -> Decision:
    on = check.engine(facts.engine)
    if on is None:
        return Skip(check=check, because=f"it is not about {facts.engine}")
    if on.since and facts.version < _version(on.since):
        return Skip(check=check, because=f"{facts.engine} has it from version {on.since} on")
    if check.primary_only and facts.standby:
        return Skip(check=check, because="this server is a standby")
    if on.standby_only and not facts.standby and _missing(on, facts) is None:
        return Skip(check=check, because="this server follows no other")
    first = _step(check, on, on, facts)
    if on.fallback is None:
        return first
    second = _step(check, on, on.fallback, facts)
    if isinstance(first, Step):
        spare = (second.source, second.sql) if isinstance(second, Step) else None
        return msgspec.structs.replace(first, fallback=spare)
    missing = _missing(on, facts)
    return msgspec.structs.replace(second, instead_of=missing) if isinstance(second, Step) else first


def _missing(source: Source, facts: EngineFacts) -> Access | None:
    needs = server(facts.engine).access
    return next((needs[name] for name in source.access if not needs[name].met(facts) and not needs[name].probe), None)


def _step(check: Check, on: On, source: Source, facts: EngineFacts) -> Step | Blind:
    missing = _missing(source, facts)
    if missing is not None:
        sentence, grant = lacking(missing, facts)
        return Blind(check=check, reason=missing.reason, sentence=sentence, grant=grant)
    sql = newest(source.sql, facts.version)
    if sql is None:
        version = ".".join(str(part) for part in facts.version)
        return Blind(check=check, reason="not_in_version", sentence=f"{facts.engine} {version} does not measure this")
    needs = server(facts.engine).access
    doubts = tuple(needs[name] for name in source.access if not needs[name].met(facts))
    return Step(check=check, on=on, source=source, sql=sql, doubts=doubts)
