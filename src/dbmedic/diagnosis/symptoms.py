"""How people say symptoms, and which checks to run: one file each in `symptoms/`, sets of checks in `groups.toml`.

A plan is data: a check id that the catalogue does not hold yet is simply not run.  Understanding a whole question is
`understand.py`; what the findings mean is `rank.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from dbmedic.checks.check import catalogue
from dbmedic.diagnosis.needed import needed

FOLDER = Path(__file__).parent / "symptoms"
FAMILIES = {"pg": ("postgres",), "my": ("mysql", "mariadb"), "sl": ("sqlite",), "rd": ("redis",)}
"""Which engines a check id is about, by what stands before its first hyphen; every other id is about all."""


class Symptom(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A complaint and the plan that follows it."""

    id: str
    says: dict[str, dict[str, tuple[str, ...]]]
    """Language -> weight -> regular expressions, for lower-case text in simplified characters."""
    stages: tuple[tuple[str, ...], ...]
    """Check ids to run at once, then those to run when the first left a gap."""
    lead: tuple[str, ...] = ()
    """Checks whose numbers belong at the top of the answer, whatever the cause is."""
    signs: tuple[str, ...] = ()
    """Checks of which a finding is the complaint itself; "*" is any."""
    ask: str | None = None
    """Key of the one question that helps most when nothing was found."""
    style: Literal["verdict", "disk", "list", "facts"] = "verdict"
    posture: bool = False
    """Asks about backup, availability or security, so that such findings are the answer and not an aside."""

    def stages_for(self, engine: str) -> list[list[str]]:
        """Its stages with the checks that an engine can have; "" keeps all.  Numbers of stages do not depend on it."""
        return [[check for check in _checks(stage) if about(check, engine)] for stage in self.stages]


def about(check: str, engine: str) -> bool:
    """Whether a check can make sense on an engine, judged by its id alone."""
    if not engine:
        return True
    only = next((name for name, checks in _groups()["only"].items() if check in checks), None)
    return engine in FAMILIES.get(check.partition("-")[0], (only or engine,))


def broad(symptom: Symptom) -> bool:
    """Its first look finds any cause of slowness."""
    return set(symptoms()["slow"].stages[0]) <= set(symptom.stages[0])


@cache
def symptoms() -> Mapping[str, Symptom]:
    """All symptoms by id; read once.  Raises `msgspec.ValidationError` for a file that is wrong."""
    found: dict[str, Symptom] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        raw = tomllib.loads(file.read_text("utf-8"))
        raw["stages"] = [list(dict.fromkeys(_open(stage))) for stage in raw["stages"]]
        found[file.stem] = msgspec.convert({"id": file.stem, **raw}, Symptom)
    return found


class Said(NamedTuple):
    """How strongly a text says a symptom, and where: (start, end, weight) of each pattern's first match."""

    score: float
    spans: tuple[tuple[int, int, float], ...]


def said(text: str) -> dict[str, Said]:
    """The symptoms that a plain text says, strongest first."""
    found: dict[str, Said] = {}
    for name, patterns in _patterns(text.isascii()).items():
        spans: list[tuple[int, int, float]] = []
        for literals, one, weight in patterns:
            for literal in literals:
                if literal in text:
                    break
            else:
                if literals:
                    continue
            if (match := one.search(text)) is not None:
                spans.append((*match.span(), weight))
        if spans:
            # What two languages share is said once.
            heaviest = {(start, end): weight for start, end, weight in sorted(spans, key=lambda span: span[2])}
            found[name] = Said(sum(heaviest.values()), tuple(spans))
    return dict(sorted(found.items(), key=lambda pair: -pair[1].score))


@cache
def _patterns(in_ascii: bool) -> dict[str, tuple[tuple[tuple[str, ...], re.Pattern[str], float], ...]]:
    """Symptom -> literals of which a text needs one, pattern, weight; `in_ascii`: those that ASCII may match."""
    found: dict[str, tuple[tuple[tuple[str, ...], re.Pattern[str], float], ...]] = {}
    for name, symptom in symptoms().items():
        weights = {
            text: float(weight)
            for says in symptom.says.values()
            for weight, patterns in sorted(says.items())
            for text in patterns
        }
        known = [(needed(pattern(text).pattern), pattern(text), weight) for text, weight in weights.items()]
        found[name] = tuple(one for one in known if not (in_ascii and one[0] and not any(map(str.isascii, one[0]))))
    return found


def pattern(text: str) -> re.Pattern[str]:
    """A compiled pattern: Latin words match whole words only; scripts without spaces match anywhere."""
    if text.isascii():
        return re.compile(rf"(?<![a-z0-9_])(?:{text})(?![a-z0-9_])")
    return re.compile(text)


@cache
def _groups() -> dict[str, dict[str, list[str]]]:
    groups: dict[str, Any] = tomllib.loads((FOLDER.parent / "groups.toml").read_text("utf-8"))
    return groups


def _open(names: Iterable[str]) -> Iterator[str]:
    """Check ids of a list in which some names stand for groups."""
    for name in names:
        if name.startswith("@"):
            yield from _open(_groups()["groups"][name[1:]])
        else:
            yield name


def _checks(stage: Iterable[str]) -> list[str]:
    """Ids of a stage; "*" is every check but those that read data, which are run when asked for by name."""
    every = [check.id for check in catalogue().values() if check.cost < 4]
    return [check for name in stage for check in (every if name == "*" else (name,))]
