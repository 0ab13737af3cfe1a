"""One TOML file -> `Check`: what is measured, when it is a fault, what to say and what to do about it.

Here is the shape of the file, its strict decoding, and the words.  Which checks fit a server says `plan.py`, what rows
mean says `evaluate.py`, who runs them is `run.py`.  A check's id is its file's name, its inspection item the folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from dbmedic.checks import template
from dbmedic.checks.expression import Expression, NotAnExpression, compiled
from dbmedic.core.values import Confidence, Measure, Unit
from dbmedic.kit.english import singular

Gate: TypeAlias = Literal["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9"]
Safety: TypeAlias = Literal["ON", "SUE", "SH", "SRE", "AX", "RL", "RS", "INST", "INPL", "COPY", "KILL", "FILE", "MAN"]
TAGS = ("audit", "backup_at", "backup_every", "encryption", "environment", "replay", "replicas", "rpo")
"""Tags of an instance that levels and gates may read, as `tag_rpo`; null where its operator has said nothing."""
SURROUNDINGS = {"window", "standby", "uptime", "cores", "hits", "samples", "database", *(f"tag_{tag}" for tag in TAGS)}
"""Names that every expression may read besides columns: seconds between the samples, facts of the server, sampling."""


class BadCheck(ValueError):
    """A check file is wrong; says which file and key."""


class Sample(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the rows come from several looks.

    delta: `counters` become differences of two looks; twice: a row must be there both times (gate G3);
    many: about ten looks, equal keys become one row with `hits` of `samples`.
    """

    kind: Literal["delta", "twice", "many"]
    key: tuple[str, ...]
    counters: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    """Columns that must not have changed between the looks, such as the time of the last statistics reset."""


class Proof(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault on a real server, or canned rows for what cannot be provoked, and the objects it must give."""

    fault: tuple[str, ...] = ()
    sessions: tuple[tuple[str, ...], ...] = ()
    """Each a connection of its own that runs its statements and stays open; the last one may block."""
    after: tuple[str, ...] = ()
    """Statements run once the sessions stand."""
    load: tuple[str, ...] = ()
    """Statements repeated by two clients while the check runs."""
    thresholds: dict[str, str | float] = {}
    wait_s: float = 0
    window_s: float = 0.8
    """PostgreSQL tells its counters at most once a second, so what rests on them needs more."""
    needs: str = ""
    """A statement that says whether the server can have the fault at all; where it cannot, nothing is proved."""
    rows: tuple[dict[str, Any], ...] = ()
    healthy: tuple[dict[str, Any], ...] = ()
    """Canned rows that must not be a finding."""
    server: Literal["", "primary", "standby"] = ""
    """Which one of a replicating pair the check looks at; its statements run there."""
    upstream: tuple[str, ...] = ()
    """Statements for the pair's primary, run after the fault."""
    tags: dict[str, str] = {}
    """What the operator says of the instance."""
    expect: tuple[str, ...]
    """Objects; `*` stands for what differs from run to run, such as a process id."""
    level: Literal["warning", "error"] | None = None
    cure: tuple[str, ...] | Literal["fix", "none"] = "none"
    """What ends the fault: the check's own fix, or statements."""


class Remedy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way out; the first whose `when` holds is proposed."""

    do: str
    safety: Safety
    when: Expression | None = None
    rollback: str | None = None
    dangerous: bool = False


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where rows come from on one engine."""

    sql: dict[str, str] | str = ""
    """By the first version it fits, or one text for all."""
    python: bool = False
    """Rows come from the `.py` beside the file, which finds its SQL in `queries`."""
    queries: dict[str, dict[str, str] | str] = {}
    workload: bool = False
    """Rows are the application's statements over the window, of the shape `workload.py` says."""
    metric: Literal["disk", "cpu", "memory"] | None = None
    access: tuple[str, ...] = ()
    """Names in `access.toml`."""
    each_database: bool = False
    sample: Sample | None = None
    confidence: Confidence | None = None
    name: str = ""
    """What to call the source of the numbers, such as `pg_stat_activity`."""


class On(Source, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a check is on one engine."""

    since: str = ""
    """The first version that has what is measured; the check makes no sense before it."""
    fallback: Source | None = None
    """Used when the access of the first source is missing."""
    fix: tuple[Remedy, ...] = ()
    thresholds: dict[str, str | float] = {}
    standby_only: bool = False
    """Makes no sense on a primary."""
    proof: Proof | None = None


class Also(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sentence that follows the finding when its condition holds."""

    when: Expression
    say: str


class Words(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A check in one language."""

    title: str
    finding: str
    why: str
    also: tuple[Also, ...] = ()
    names: dict[str, str] = {}
    """What fixed values of text columns are called in this language."""


class Levels(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a row is a warning or an error.  With `of`, the two are numbers that this column must reach."""

    of: str | None = None
    warning: Expression | None = None
    error: Expression | None = None


class Sheet(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file as it is written."""

    object: str
    columns: dict[str, Unit]
    cost: Literal[0, 1, 2, 3, 4]
    level: Levels
    text: dict[str, Words]
    on: dict[str, On]
    inputs: tuple[str, ...] = ()
    """Columns that the SQL returns for levels, gates and derived columns alone; no part of the measure."""
    thresholds: dict[str, str | float] = {}
    derive: dict[str, Expression] = {}
    """Columns computed from the others, in this order; their units stand in `columns`."""
    keep: Expression | None = None
    """Rows for which it does not hold are dropped."""
    gates: dict[Gate, Expression] = {}
    """When one holds, the row stays normal and the gate's name becomes its note; G7 only keeps it from error."""
    posture: bool = False
    confidence: Confidence = "measured"
    sample: Sample | None = None
    primary_only: bool = False
    """Makes no sense on a standby."""
    under_load: bool = False
    """Runs on an overloaded server, too: it is what one wants to know then."""
    explains: tuple[str, ...] = ()
    """Ids of checks of which a finding here may be the cause."""
    refuted_by: tuple[str, ...] = ()
    """Ids of checks of which a finding explains this one away."""


class Check(Sheet, frozen=True, kw_only=True):
    """A decoded file with its place."""

    id: str
    item: str

    def engine(self, name: str) -> On | None:
        """Its block for an engine; MariaDB's is MySQL's where it does not say otherwise."""
        return self.on.get(name) or self.on.get("any")

    def reads(self, name: str) -> bool:
        """Whether a level, gate or derived column depends on a name of `SURROUNDINGS`."""
        expressions = (self.keep, self.level.warning, self.level.error, *self.derive.values(), *self.gates.values())
        return any(name in expression.names for expression in expressions if expression is not None)


def decode(text: str, name: str, item: str) -> Check:
    """The check that a file says.  Raises `BadCheck` with file and key for anything unknown, missing or misspelt."""
    try:
        raw = tomllib.loads(text)
        blocks = raw.get("on", {})
        if blocks.get("mariadb") is False:  # about MySQL alone
            del blocks["mariadb"]
        elif "mysql" in blocks:
            blocks["mariadb"] = {**blocks["mysql"], **blocks.get("mariadb", {})}
        sheet = msgspec.convert(raw, Sheet, dec_hook=_expression)
        check = Check(id=name, item=item, **{field: getattr(sheet, field) for field in sheet.__struct_fields__})
        check = msgspec.structs.replace(check, level=_levels(check.level))
        _proofread(check)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, NotAnExpression, BadCheck) as error:
        raise BadCheck(f"{item}/{name}.toml: {error}") from error
    return check


def load(folder: Path, *, code: bool = False) -> dict[str, Check]:
    """All checks of a folder of inspection items, by id.  Raises `BadCheck`.

    A stranger's folder is data: only with `code` may its checks have a `.py` beside them.
    """
    found: dict[str, Check] = {}
    for file in sorted(folder.glob("*/*.toml")):
        if file.stem in found:
            raise BadCheck(f"{file.parent.name}/{file.name}: there is another check {file.stem}")
        check = decode(file.read_text(encoding="utf-8"), file.stem, file.parent.name)
        if not code and any(source.python for on in check.on.values() for source in (on, on.fallback) if source):
            raise BadCheck(f"{check.item}/{file.name}: python is for checks that come with dbmedic")
        found[file.stem] = check
    return found


@cache
def catalogue() -> Mapping[str, Check]:
    """The built-in checks, by id; read once."""
    return load(Path(__file__).parent / "catalogue", code=True)


def words(check: Check, language: str | None) -> Words:
    """Its words in the reader's language: Chinese for every zh tag, else English unless the check has the tag."""
    tag = (language or "en").lower().replace("_", "-").split("-")[0]
    return check.text.get(tag) or check.text["en"]


def render(check: Check, measure: Measure, language: str | None, zone: str | None = None) -> str:
    """The finding as a sentence, its numbers with units, from the values of one measure."""
    chosen = words(check, language)
    tag = next(tag for tag, text in check.text.items() if text is chosen)
    sentences = [chosen.finding, *(also.say for also in chosen.also if also.when.holds(measure.values))]
    values = {
        name: chosen.names.get(value, value) if isinstance(value, str) else value
        for name, value in measure.values.items()
    }
    gap = "" if tag in ("zh", "ja") else " "
    text = gap.join(template.said(text, values, measure.units, tag, zone) for text in sentences)
    return singular(text) if tag == "en" else text


def _expression(kind: type, value: Any) -> Any:
    if kind is Expression and isinstance(value, (str, int, float)):
        return compiled(str(value))
    raise TypeError(f"{kind.__name__} cannot be read from {value!r}")


def _levels(level: Levels) -> Levels:
    if level.of is None:
        return level
    steps: dict[str, Any] = {
        name: compiled(f"{level.of} >= {step.text}") for name in ("warning", "error") if (step := getattr(level, name))
    }
    return Levels(**steps)


def _proofread(check: Check) -> None:
    """Every name that an expression or a text uses exists, every text is there in both languages."""
    known = {*check.columns, *check.inputs, *check.thresholds}
    for on in check.on.values():
        known |= set(on.thresholds)
    expressions: list[tuple[str, Expression | None]] = [("keep", check.keep)]
    expressions += [(f"derive.{name}", expression) for name, expression in check.derive.items()]
    expressions += [(f"gates.{name}", expression) for name, expression in check.gates.items()]
    expressions += [("level.warning", check.level.warning), ("level.error", check.level.error)]
    texts: list[tuple[str, str]] = [("object", check.object)]
    for engine, on in check.on.items():
        for remedy in on.fix:
            expressions.append((f"on.{engine}.fix.when", remedy.when))
            texts += [(f"on.{engine}.fix.do", remedy.do), (f"on.{engine}.fix.rollback", remedy.rollback or "")]
    for tag, text in check.text.items():
        texts += [(f"text.{tag}.{field}", getattr(text, field)) for field in ("title", "finding", "why")]
        for also in text.also:
            texts.append((f"text.{tag}.also.say", also.say))
            expressions.append((f"text.{tag}.also.when", also.when))
            if strange := also.when.names - set(check.columns):
                raise BadCheck(f"text.{tag}.also.when: {min(strange)!r} is no column")
    for key, expression in expressions:
        if expression and (strange := expression.names - known - SURROUNDINGS):
            raise BadCheck(f"{key}: unknown name {min(strange)!r}")
    for key, words_ in texts:
        for name, unit in template.holes(words_):
            if name not in check.columns and name not in SURROUNDINGS:
                raise BadCheck(f"{key}: unknown column {name!r}")
            if unit is not None and unit not in template.KINDS:
                raise BadCheck(f"{key}: unknown unit {unit!r}")
    for name in check.derive:
        if name not in check.columns:
            raise BadCheck(f"derive.{name}: its unit is not in columns")
    for tag in ("en", "zh"):
        if tag not in check.text:
            raise BadCheck(f"text.{tag}: missing")
