"""A statement that a question brings along, or means: the text of it, and what the planner said, in the reader's words.

"Why is this slow: select …" is answered about that statement first; "and the second one?" means the second of the list
that was just shown.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from dbmedic.core import lang
from dbmedic.core.events import Event, ToolCalled, ToolReturned
from dbmedic.core.values import Exchange
from dbmedic.diagnosis import planwords
from dbmedic.kit import plans, statements

LONGEST: Final = 20_000
_START: Final = re.compile(
    r"(?<![\w.])(?:select\b[^?？]{1,4000}?\bfrom\b|with\s+\w+\s+as\s*\(|update\s+[\w.\"`]+\s+set\b|delete\s+from\s)",
    re.IGNORECASE,
)
_END: Final = re.compile(r"```|;|\s+(?=[\u4e00-\u9fff\u3041-\u30fa])|[？?]\s*$|[。！]")
_SAID_OF: Final = re.compile(
    r"\s(?:(?:now |still |sometimes |always )?(?:takes?|took|is|was|gets?|got|runs?|ran|needs?|hangs?|times? out)|"
    r"so slow|slow|why|since|sometimes|lambat|lama)\b",
    re.IGNORECASE,
)
"""What is said of a statement behind it, in the same breath."""
_NTH: Final = (
    (1, r"\bfirst\b|#1\b|no\.? ?1\b|第一|1番目|一番目|一つ目|pertama"),
    (2, r"\bsecond\b|#2\b|no\.? ?2\b|第二|2番目|二番目|二つ目|kedua"),
    (3, r"\bthird\b|#3\b|no\.? ?3\b|第三|3番目|三番目|三つ目|ketiga"),
    (4, r"\bfourth\b|#4\b|no\.? ?4\b|第四|4番目|keempat"),
    (5, r"\bfifth\b|#5\b|no\.? ?5\b|第五|5番目|kelima"),
)
_ITEM: Final = re.compile(r"^(\d)\. (?:`` (.+?) ``|`(.+?)`)", re.MULTILINE)
SHORT: Final = 60


def written(text: str) -> str | None:
    """The statement in a question; None where there is none, or no whole one."""
    if len(text) > LONGEST or (found := _START.search(text)) is None:
        return None
    rest = text[found.start() :]
    end = _END.search(rest)
    sql = (rest[: end.start()] if end else rest).strip().strip("`").strip()
    if not _whole(sql) and (said := _SAID_OF.search(sql)) is not None:
        sql = sql[: said.start()].rstrip(" ,-`")
        if re.search(r"\b(?:select|where|set)\b", sql, re.IGNORECASE) is None:
            return None
    return sql if _whole(sql) else None


def _whole(sql: str) -> bool:
    """Whether it can be read, in either dialect."""
    return any(statements.asks(sql, engine).parsed for engine in ("postgres", "mysql"))


def without(text: str) -> str:
    """A question without its statement, whose words say nothing about what is wrong."""
    sql = written(text)
    return text if sql is None else text.replace(sql, " ")


def meant(text: str, history: Sequence[Exchange]) -> str | None:
    """The statement of the last list that a short follow-up points at by its place; None where it points at none."""
    if len(text) > SHORT or not history:
        return None
    place = next((number for number, words in _NTH if re.search(words, text, re.IGNORECASE)), None)
    listed = {int(number): one or other for number, one, other in _ITEM.findall(history[-1].answer)}
    sql = listed.get(place or 0)
    return sql if sql is not None and not sql.endswith("…") and _whole(sql) else None


def told(events: Iterable[Event], language: str, engine: str) -> tuple[str, list[str]] | None:
    """(the statement, what its plan says) of a turn that had one explained; where it was refused, why."""
    call: ToolCalled | None = None
    for event in events:
        if isinstance(event, ToolCalled) and event.tool == "explain":
            call = event
        if call is not None and isinstance(event, ToolReturned) and event.call == call.call:
            sql = str(call.args.get("statement", ""))
            if not event.ok:
                sentence = event.content.partition(": ")[2] or event.content
                return sql, [lang.phrase(language, "verdict.no_plan", sentence=sentence)]
            return sql, _read(event.content, sql, language, engine)
    return None


def _read(content: str, sql: str, language: str, engine: str) -> list[str]:
    raw = next((line for line in reversed(content.splitlines()) if line[:1] in "[{"), None)
    try:
        value: Any = msgspec.json.decode(raw or "")
        plan = plans.of(value, engine)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError):
        return [line for line in content.splitlines() if line[:1] not in "[{"]
    return [*planwords.sentences(plan, language), *planwords.habits(sql, plan, language)]
