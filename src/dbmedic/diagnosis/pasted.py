"""A plan or a server log that somebody pasted or attached: what it is, and the first facts of it.  Pure: text to lines.

Every number said stands in the text.  Advice on a plan's statement is not given here: that needs the database.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.core import lang
from dbmedic.core.values import Attachment
from dbmedic.kit.units import bytes_text, count_text, ratio_text, seconds_text

LINES = 20_000
"""Lines of a text that are looked at."""
STEPS = 500
"""Steps of a plan that are looked at."""
FACTS = 8
MISJUDGED = 10.0
"""A step whose rows were off by this factor is named."""
SCANNED = 1000
"""Rows from which reading a whole table is named."""


class Step(Struct, kw_only=True):
    """A node of a plan."""

    name: str
    depth: int
    cost: float = 0.0
    rows: float = 0.0
    """Expected, of one loop."""
    took_ms: float | None = None
    """All loops together, with the steps below it; None: it was not executed."""
    came: float | None = None
    """Rows of one loop."""
    own_ms: float = 0.0
    removed: float = 0.0
    spilled_kb: float = 0.0


class Plan(Struct, frozen=True, kw_only=True):
    engine: str
    steps: tuple[Step, ...]
    took_ms: float | None = None


class Log(Struct, frozen=True, kw_only=True):
    engine: str
    lines: int
    first: str
    last: str
    levels: dict[str, int]
    """Level -> lines, worst first."""
    frequent: tuple[tuple[str, int], ...]
    """(a message of an error without its numbers and names, how often), most frequent first."""


_N = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_LEAD = re.compile(r"[\s|]*(?:->)?\s*")
_COST = re.compile(rf"\(cost={_N}(?:\.\.{_N})? rows={_N}(?: width=\d+)?\)")
_ACTUAL = re.compile(rf"\(actual time={_N}\.\.{_N} rows={_N} loops=(\d+)\)")
_TOOK = re.compile(r"Execution Time: ([\d.]+) ms")
_REMOVED = re.compile(r"Rows Removed by (?:Filter|Join Filter|Index Recheck): (\d+)")
_SPILLED = re.compile(r"(?:Disk|Disk Usage): (\d+)kB")
_PG_LOG = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: \w+)?)?.{0,120}?"
    r"\b(?P<level>PANIC|FATAL|ERROR|WARNING|LOG|NOTICE):  ?(?P<said>.*)"
)
_MY_LOG = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\d[T ]\s?\d{1,2}:\d\d:\d\d(?:\.\d+)?Z?)\s+\d+\s+"
    r"\[(?P<level>ERROR|Warning|Note|System)\]\s*(?P<said>.*)",
    re.IGNORECASE,
)
_WORST = ("PANIC", "FATAL", "ERROR", "WARNING", "LOG", "NOTICE", "SYSTEM", "NOTE")
_NAMES = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|\b0x[0-9a-fA-F]+\b|\d+(?:\.\d+)*")


def recognised(text: str) -> Plan | Log | None:
    """What a text is; None where it is neither a plan nor a log."""
    lines = text.splitlines()[:LINES]
    return _json_plan(text) or _table_plan(lines) or _text_plan(lines) or _log(lines)


def lines(texts: Sequence[Attachment], language: str) -> list[str]:
    """The first facts of each text that is a plan or a log; of an attached one that is neither, that it is neither.

    A text without a name is the question itself.
    """
    said: list[str] = []
    for one in texts:
        found = recognised(one.text)
        if found is None and not one.name:
            continue
        if said:
            said.append("")
        if found is None:
            said.append(_say(language, "unknown", name=one.name, lines=count_text(len(one.text.splitlines()))))
            continue
        said += [f"`{one.name}`", ""] if one.name else []
        said += _plan_lines(found, language) if isinstance(found, Plan) else _log_lines(found, language)
    return said


# -- plans ------------------------------------------------------------------------------------------------------


def _text_plan(lines: Iterable[str]) -> Plan | None:
    """The text form of PostgreSQL, or the tree of MySQL."""
    steps: list[Step] = []
    took, engine = None, "PostgreSQL"
    for line in lines:
        if len(line) > 2000:
            continue
        cost, actual = _COST.search(line), _ACTUAL.search(line)
        if len(steps) < STEPS and (first := cost or actual):
            lead = _LEAD.match(line)
            depth = lead.end() if lead else 0
            steps.append(
                Step(
                    name=line[depth : first.start()].strip(),
                    depth=depth,
                    cost=float(cost[2] or cost[1]) if cost else 0.0,
                    rows=float(cost[3]) if cost else 0.0,
                    took_ms=float(actual[2]) * float(actual[4]) if actual else None,
                    came=float(actual[3]) if actual else None,
                )
            )
            if cost and "width=" not in line:
                engine = "MySQL"
        elif steps and (removed := _REMOVED.search(line)):
            steps[-1].removed += float(removed[1])
        elif steps and (spilled := _SPILLED.search(line)):
            steps[-1].spilled_kb = max(steps[-1].spilled_kb, float(spilled[1]))
        elif steps and (time := _TOOK.search(line)):
            took = float(time[1])
    return Plan(engine=engine, steps=_owned(steps), took_ms=took) if steps else None


def _json_plan(text: str) -> Plan | None:
    """`EXPLAIN (FORMAT JSON)` of PostgreSQL."""
    begin = text.find("[")
    if begin < 0 or '"Plan"' not in text:
        return None
    try:
        value = msgspec.json.decode(text[begin : text.rindex("]") + 1].encode())
        top, steps = value[0], list[Step]()
        _walk(top["Plan"], 0, steps)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return Plan(engine="PostgreSQL", steps=_owned(steps), took_ms=top.get("Execution Time"))


def _walk(node: dict[str, Any], depth: int, steps: list[Step]) -> None:
    if len(steps) >= STEPS:
        return
    on = node.get("Relation Name")
    took = node.get("Actual Total Time")
    steps.append(
        Step(
            name=str(node["Node Type"]) + (f" on {on}" if on else ""),
            depth=depth,
            cost=float(node.get("Total Cost", 0)),
            rows=float(node.get("Plan Rows", 0)),
            took_ms=None if took is None else float(took) * float(node.get("Actual Loops", 1)),
            came=float(node["Actual Rows"]) if "Actual Rows" in node else None,
            removed=float(node.get("Rows Removed by Filter", 0)),
            spilled_kb=float(node["Sort Space Used"]) if node.get("Sort Space Type") == "Disk" else 0.0,
        )
    )
    for child in node.get("Plans", ()):
        _walk(child, depth + 1, steps)


def _table_plan(lines: Sequence[str]) -> Plan | None:
    """The table of MySQL and MariaDB."""
    for number, line in enumerate(lines):
        titles = [cell.strip().lower() for cell in re.split(r"\||\t", line)]
        if not {"select_type", "table", "type", "rows"} <= set(titles):
            continue
        steps = []
        for row in lines[number + 1 : number + 60]:
            cells = [cell.strip() for cell in re.split(r"\||\t", row)]
            if len(cells) != len(titles):
                continue
            of = dict(zip(titles, cells, strict=True))
            rows = of["rows"] if of["rows"].isdecimal() else "0"
            whole = of["type"].upper() == "ALL"
            name = f"{'Table scan' if whole else of['type']} on {of['table']}"
            steps.append(Step(name=name, depth=0, rows=float(rows), cost=float(rows)))
        return Plan(engine="MySQL", steps=tuple(steps)) if steps else None
    return None


def _owned(steps: list[Step]) -> tuple[Step, ...]:
    """The steps with their own time: without that of the steps right below each."""
    for number, step in enumerate(steps):
        below = 0.0
        level = None
        for other in steps[number + 1 :]:
            if other.depth <= step.depth:
                break
            level = other.depth if level is None else level
            if other.depth == level:
                below += other.took_ms or 0.0
        step.own_ms = max(0.0, (step.took_ms or 0.0) - below)
    return tuple(steps)


def _plan_lines(plan: Plan, language: str) -> list[str]:
    steps = plan.steps
    ran = any(step.took_ms is not None for step in steps)
    whole = plan.took_ms or max((step.took_ms or 0.0 for step in steps), default=0.0)
    said = [_say(language, "plan", engine=plan.engine, steps=count_text(len(steps)))]
    if ran and whole:
        slow = max(steps, key=lambda step: step.own_ms)
        said.append(_say(language, "took", time=seconds_text(whole / 1000)))
        share = ratio_text(min(1.0, slow.own_ms / whole))
        said.append(_say(language, "slowest", step=slow.name, time=seconds_text(slow.own_ms / 1000), share=share))
    else:
        said.append(_say(language, "estimated"))
    for step in steps:
        rows = step.came if step.came is not None else step.rows
        read = rows + step.removed
        if step.name.startswith(("Seq Scan", "Parallel Seq Scan", "Table scan")) and read >= SCANNED:
            key = "scan_filtered" if step.removed else "scan"
            table = step.name.partition(" on ")[2]
            said.append(
                _say(language, key, table=table, rows=count_text(int(read)), removed=count_text(int(step.removed)))
            )
        if step.came is not None and max(step.rows, step.came) >= SCANNED:
            off = max(step.rows, step.came) / max(1.0, min(step.rows, step.came))
            if off >= MISJUDGED:
                expected, came = count_text(int(step.rows)), count_text(int(step.came))
                said.append(_say(language, "misjudged", step=step.name, expected=expected, came=came))
        if step.spilled_kb:
            size = bytes_text(int(step.spilled_kb * 1024))
            said.append(_say(language, "spilled", step=step.name, size=size))
    return [said[0], "", *(f"- {fact}" for fact in said[1 : FACTS + 1])]


# -- logs -------------------------------------------------------------------------------------------------------


def _log(lines: Sequence[str]) -> Log | None:
    for engine, pattern in (("MySQL", _MY_LOG), ("PostgreSQL", _PG_LOG)):
        found = [match for line in lines if (match := pattern.match(line[:2000])) is not None]
        times = [match["at"] for match in found if match["at"]]
        if len(found) >= 2 and times and len(found) * 5 >= len(lines):
            levels = Counter(match["level"].upper() for match in found)
            bad = Counter(
                _NAMES.sub("…", match["said"].strip())[:160]
                for match in found
                if match["level"].upper() in ("PANIC", "FATAL", "ERROR", "WARNING")
            )
            order = sorted(levels, key=_WORST.index)
            return Log(
                engine=engine,
                lines=len(lines),
                first=times[0],
                last=times[-1],
                levels={level: levels[level] for level in order},
                frequent=tuple(bad.most_common(3)),
            )
    return None


def _log_lines(log: Log, language: str) -> list[str]:
    levels = ", ".join(f"{count_text(count)} {level}" for level, count in log.levels.items())
    lines = count_text(log.lines)
    said = [_say(language, "log", engine=log.engine, lines=lines, first=log.first, last=log.last), ""]
    said.append("- " + _say(language, "levels", levels=levels))
    said += [f"- {_say(language, 'frequent', count=count_text(n), message=text)}" for text, n in log.frequent]
    if not log.frequent:
        said.append("- " + _say(language, "no_errors"))
    return said


def _say(language: str, key: str, **fields: str) -> str:
    words: dict[str, str] = _table()[lang.best(language) or "en"]
    return words[key].format(**fields)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "pasted.toml").read_text("utf-8"))
