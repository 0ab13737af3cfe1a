"""PostgreSQL's log as plain text: `log_line_prefix`, a severity, two spaces, the message; a tab continues it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from dbmedic.kit.evidence.deadlock import deadlock
from dbmedic.kit.serverlog import codes
from dbmedic.kit.serverlog.entry import Entry, Severity, shaped, without_values

USUAL = "%m [%p] "
FREQUENT = ("duration: ", "statement: ", "execute ", "connection ", "disconnection: ", "checkpoint ")
"""What most lines of a talkative log begin with, and no check reads."""
LONGEST = 16_000
"""Characters of a message with all that belongs to it; what is over is cut."""
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Za-z0-9+:_/-]+)?"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)(?: ([A-Za-z]+|[+-]\d\d(?::?\d\d)?)(?![\w/]))?")
_ESCAPES = {
    "a": r"(?P<application>.*?)", "u": r"(?P<user>.*?)", "d": r"(?P<database>.*?)",
    "r": r"(?P<host>[^ (]*)(?:\(\d+\))?", "h": r"(?P<host>[^ ]*?)", "b": r"[a-z ]*?", "p": r"(?P<pid>\d+)",
    "P": r"\d*", "t": f"(?P<at>{_TIME})",
    "m": f"(?P<at>{_TIME})", "n": r"(?P<epoch>\d+\.\d+)", "i": r".*?", "e": r"(?P<code>[0-9A-Z]{5})",
    "c": r"[0-9a-f.]*", "l": r"\d+", "s": _TIME, "v": r"[\d/]*", "x": r"\d+", "Q": r"-?\d+",
}  # fmt: skip
SEVERITIES: dict[str, Severity] = {
    "PANIC": "panic", "FATAL": "fatal", "ERROR": "error", "WARNING": "warning", "LOG": "log", "NOTICE": "log",
    "INFO": "log", "致命错误": "fatal", "错误": "error", "警告": "warning", "日志": "log",
    "比致命错误还过分的错误": "panic",
}  # fmt: skip
_PARTS = {
    "DETAIL": "detail", "CONTEXT": "context", "STATEMENT": "statement", "HINT": "", "QUERY": "", "LOCATION": "",
    "详细信息": "detail", "上下文": "context", "语句": "statement", "提示": "", "查询": "", "位置": "",
}  # fmt: skip
_LABEL = "|".join(sorted([*SEVERITIES, *_PARTS, r"DEBUG\d?"], key=len, reverse=True))
_ANY = re.compile(rf"^(?P<head>.{{0,300}}?)(?P<label>{_LABEL}): {{1,2}}(?P<text>.*)$", re.DOTALL)
_PID = re.compile(r"\[(\d+)(?:-\d+)?\]")


class Draft:
    """An entry while its lines are still being read."""

    def __init__(self, at: datetime, severity: Severity, fields: dict[str, str], text: str) -> None:
        self.at, self.severity, self.fields = at, severity, fields
        self.parts = {"message": [text], "detail": [], "context": [], "statement": []}
        self.open, self.room = "message", LONGEST - len(text)

    def add(self, part: str, text: str) -> None:
        self.open = part
        if part and self.room > 0:
            self.parts[part].append(text[: self.room])
            self.room -= len(text)

    def text(self, part: str) -> str:
        return "\n".join(self.parts[part])


@lru_cache(maxsize=32)
def pattern(prefix: str) -> re.Pattern[str]:
    """Lines that open with a `log_line_prefix`; what stands after `%q` may be missing."""
    out, seen, optional = "", set[str](), False
    for found in re.finditer(r"%(-?\d*)([a-zA-Z%])|[^%]+|%", prefix):
        escape = found[2]
        if escape is None or escape == "%":
            out += re.escape("%" if escape else found[0])
        elif escape == "q":
            out, optional = out + "(?:", True
        else:
            one = _ESCAPES.get(escape, ".*?")
            if name := re.search(r"\?P<(\w+)>", one):
                one = one.replace(f"?P<{name[1]}>", "?:") if name[1] in seen else one
                seen.add(name[1])
            out += rf"\s*{one}\s*" if found[1] else one
    out += ")?" if optional else ""
    return re.compile(rf"^{out}(?P<label>{_LABEL}): {{1,2}}(?P<text>.*)$", re.DOTALL)


def entries(lines: Iterable[tuple[datetime | None, str]], zone: tzinfo, prefix: str = USUAL) -> list[Entry]:
    """The entries worth knowing; lines of another prefix than the server's are read as well as they can be."""
    usual, found = pattern(prefix), list[Entry]()
    draft: Draft | None = None
    for carried, line in lines:
        if line.startswith("\t"):
            if draft is not None:
                draft.add(draft.open, line[1:])
            continue
        match = usual.match(line) or _ANY.match(line)
        if match is None:
            if draft is not None and draft.open:
                draft.add(draft.open, line)
            continue
        label, text = match["label"], match["text"]
        if label in _PARTS:
            if draft is not None:
                draft.add(_PARTS[label], text)
            continue
        if draft is not None and (one := entry(draft)) is not None:
            found.append(one)
        draft = _draft(match, line, carried, zone)
    if draft is not None and (one := entry(draft)) is not None:
        found.append(one)
    return found


def _draft(match: re.Match[str], line: str, carried: datetime | None, zone: tzinfo) -> Draft | None:
    label = match["label"]
    if label.startswith("DEBUG") or (SEVERITIES[label] == "log" and match["text"].startswith(FREQUENT)):
        return None
    fields = {name: text for name, text in match.groupdict().items() if text and name not in ("label", "text", "head")}
    if "epoch" in fields:
        at: datetime | None = datetime.fromtimestamp(float(fields["epoch"]), UTC)
    else:
        at = moment(fields.get("at") or line[:120], zone) or carried
    if at is None:
        return None
    if "pid" not in fields and (pid := _PID.search(line[:120])):
        fields["pid"] = pid[1]
    return Draft(at, SEVERITIES[match["label"]], fields, match["text"])


def entry(draft: Draft) -> Entry | None:
    """The entry of a draft without its literals; None for a message that tells nothing of use."""
    message = draft.text("message")
    if draft.severity == "log" and not codes.worth(message):
        return None
    if "/* dbmedic */" in draft.text("statement") or draft.fields.get("application") == "dbmedic":
        return None
    detail, fields = draft.text("detail"), draft.fields
    code = fields.get("code", "")
    code = code if code not in ("", "00000") else codes.of(message)
    story = None
    if code == "40P01":
        lines = [f"[{fields.get('pid', '')}] deadlock detected", *detail.split("\n")]
        story = deadlock([*lines, f"CONTEXT:  {draft.text('context')}"])
    return Entry(
        at=draft.at,
        severity=draft.severity,
        code=code,
        message=without_values(message),
        statement=shaped(draft.text("statement")),
        context=without_values(draft.text("context")),
        detail=_detail(detail),
        deadlock=story,
        **{name: fields.get(name, "") for name in ("pid", "user", "database", "host", "application")},
    )


def _detail(text: str) -> str:
    """The first line of a detail where it holds no row's values."""
    first = text.split("\n")[0]
    if running := re.match(r"Failed process was running: (.*)", text, re.DOTALL):
        return f"Failed process was running: {shaped(running[1])}"
    return without_values(first) if codes.SAFE.match(first) else ""


def moment(line: str, zone: tzinfo) -> datetime | None:
    """The first date and time in a line, as UTC; an abbreviated zone other than UTC is the server's own."""
    match = _MOMENT.search(line[:200])
    if match is None or line.startswith("\t"):
        return None
    try:
        naive = datetime.fromisoformat(match[1][:26])
    except ValueError:
        return None
    name = match[2] or ""
    if name in ("UTC", "GMT", "Z"):
        return naive.replace(tzinfo=UTC)
    if name[:1] in ("+", "-"):
        digits = name[1:].replace(":", "").ljust(4, "0")
        apart = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return naive.replace(tzinfo=timezone(-apart if name[0] == "-" else apart)).astimezone(UTC)
    return naive.replace(tzinfo=zone).astimezone(UTC)
