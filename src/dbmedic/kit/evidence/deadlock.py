"""A report of a deadlock, from PostgreSQL's log or from InnoDB's status: who waited for what, and who was ended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from dbmedic.kit.statements import normalised

_WAITS = re.compile(r"Process (\d+) waits for (\w+) on ([^;]+?)(?:; blocked by process (\d+))?\.?$")
_RAN = re.compile(r"^(?:.*\bDETAIL:\s+)?\s*Process (\d+): (.+)$")
_RELATION = re.compile(r"CONTEXT:\s+while .* in relation \"([^\"]+)\"")
_TRX = re.compile(r"^\*\*\* \((\d+)\) TRANSACTION:")
_THREAD = re.compile(r"MySQL thread id (\d+)|MariaDB thread id (\d+)")
_LOCK = re.compile(r"index (\S+) of table (`[^`]+`\.`[^`]+`).*? lock[_ ]mode (\S+)")
_VICTIM = re.compile(r"^\*\*\* WE ROLL BACK TRANSACTION \((\d+)\)")
_VERB = re.compile(r"^\s*(?:select|insert|update|delete|replace|with|merge|lock tables?)\b", re.IGNORECASE)


class Party(Struct, kw_only=True):
    id: str
    waits_for: str = ""
    """Lock mode and what it is on, as the report says."""
    on: str = ""
    blocked_by: str = ""
    query: str = ""
    """Without literals."""


class Deadlock(Struct, frozen=True, kw_only=True):
    engine: str
    parties: tuple[Party, ...]
    victim: str = ""
    """Id of the party that was rolled back; empty where the report does not say."""


def deadlock(lines: Sequence[str]) -> Deadlock | None:
    """The last deadlock in the lines; None where there is none."""
    return _postgres(lines) or _innodb(lines)


def _postgres(lines: Sequence[str]) -> Deadlock | None:
    parties: dict[str, Party] = {}
    victim, relation = "", ""
    for line in lines:
        if len(line) > 8000:
            continue
        if "deadlock detected" in line:
            parties, relation = {}, ""
            found = re.search(r"\[(\d+)\]", line[:120])
            victim = found[1] if found else ""
        elif found := _WAITS.search(line.strip()):
            one = parties.setdefault(found[1], Party(id=found[1]))
            one.waits_for, one.on, one.blocked_by = found[2], found[3].strip(), found[4] or ""
        elif (found := _RAN.match(line)) and found[1] in parties:
            parties[found[1]].query = normalised(found[2][:4000], "postgres")
        elif found := _RELATION.search(line):
            relation = found[1]
    if len(parties) < 2:
        return None
    for one in parties.values():
        one.on = relation or one.on
    victim = victim if victim in parties else ""
    return Deadlock(engine="postgres", parties=tuple(parties.values()), victim=victim)


def _innodb(lines: Sequence[str]) -> Deadlock | None:
    parties: dict[str, Party] = {}
    numbers: dict[str, str] = {}
    current, waiting, victim, ran = "", False, "", False
    for line in lines:
        if len(line) > 8000:
            continue
        if found := _TRX.match(line):
            if found[1] == "1":
                parties, numbers = {}, {}
            current, waiting, ran = found[1], False, True
            parties[current] = Party(id=current)
        elif line.startswith("*** ("):
            current = line[5 : line.index(")")]
            waiting, ran = "WAITING" in line, False
        elif found := _VICTIM.match(line):
            victim, current = found[1], ""
        elif current in parties and (found := _THREAD.search(line)):
            numbers[current] = found[1] or found[2]
        elif current in parties and ran and _VERB.match(line) and not parties[current].query:
            parties[current].query = normalised(line[:4000], "mysql")
        elif current in parties and (found := _LOCK.search(line)) and (waiting or line.rstrip().endswith("waiting")):
            parties[current].waits_for, parties[current].on = found[3], f"{found[2].replace('`', '')} ({found[1]})"
    if len(parties) < 2:
        return None
    for number, one in parties.items():
        one.id = numbers.get(number, number)
    return Deadlock(engine="mysql", parties=tuple(parties.values()), victim=numbers.get(victim, victim))
