"""A text that somebody pasted or attached: what it is, and the first facts of it.  Pure: text to lines.

Plans, server logs, slow logs, lists of sessions, InnoDB's status, deadlocks, configuration files.  Every number said
stands in the text; what the database would have to be asked for is said to be unproven.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias, assert_never

from msgspec import Struct

from dbmedic.core.values import Attachment
from dbmedic.diagnosis import pastedwords, planwords
from dbmedic.diagnosis.phrases import say
from dbmedic.kit import evidence as kinds
from dbmedic.kit import plans
from dbmedic.kit.evidence import Deadlock, Innodb, Sessions, Settings, SlowLog
from dbmedic.kit.plans import Plan
from dbmedic.kit.units import count_text

LINES = 20_000
"""Lines of a text that are looked at."""


class Log(Struct, frozen=True, kw_only=True):
    engine: str
    lines: int
    first: str
    last: str
    levels: dict[str, int]
    """Level -> lines, worst first."""
    frequent: tuple[tuple[str, int], ...]
    """(a message of an error without its numbers and names, how often), most frequent first."""


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


Seen: TypeAlias = Plan | Log | Deadlock | Innodb | Sessions | Settings | SlowLog


def recognised(text: str) -> Seen | None:
    """What a text is first of all; None where it is nothing that is known here."""
    return next(iter(everything(text)), None)


def everything(text: str) -> list[Seen]:
    """All that a text is: InnoDB's status with the deadlock in it, a server's log with slow statements in it."""
    if (plan := plans.read(text)) is not None:
        return [plan]
    lines = text.splitlines()[:LINES]
    status, dead, slow = kinds.innodb(lines), kinds.deadlock(lines), kinds.slow_log(lines)
    found: list[Seen] = [one for one in (status, dead, slow) if one is not None]
    if found and not (isinstance(found[0], Deadlock | SlowLog) and found[0].engine == "postgres"):
        return found
    if (log := _log(lines)) is not None:
        return [log, *found]
    other = kinds.sessions(lines) or kinds.settings(lines)
    return found or ([other] if other is not None else [])


def lines(texts: Sequence[Attachment], language: str) -> list[str]:
    """The first facts of each text that is known; of an attached one that is not, that it is not.

    A text without a name is the question itself.
    """
    said: list[str] = []
    for one in texts:
        found = everything(one.text)
        if not found and not one.name:
            continue
        if said:
            said.append("")
        if not found:
            said.append(say(language, "unknown", name=one.name, lines=count_text(len(one.text.splitlines()))))
            continue
        said += [f"`{one.name}`", ""] if one.name else []
        for number, each in enumerate(found):
            first, *facts = _facts(each, language)
            said += [*([""] if number else []), first, "", *(f"- {fact}" for fact in facts)]
    return said


def _facts(found: Seen, language: str) -> list[str]:
    """What it is, and what stands in it."""
    match found:
        case Plan():
            return planwords.sentences(found, language)
        case Log():
            return _log_lines(found, language)
        case SlowLog():
            return pastedwords.slow(found, language)
        case Sessions():
            return pastedwords.sessions(found, language)
        case Innodb():
            return pastedwords.innodb(found, language)
        case Deadlock():
            return pastedwords.deadlock(found, language)
        case Settings():
            return pastedwords.settings(found, language)
        case _ as never:
            assert_never(never)


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
    said = [say(language, "log", engine=log.engine, lines=lines, first=log.first, last=log.last)]
    said.append(say(language, "levels", levels=levels))
    said += [say(language, "frequent", count=count_text(n), message=text) for text, n in log.frequent]
    return said if log.frequent else [*said, say(language, "no_errors")]
