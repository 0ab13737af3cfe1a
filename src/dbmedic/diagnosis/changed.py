"""The part of an answer that says what changed: measures of the history in words, each with number and time.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dbmedic.core import lang
from dbmedic.core.values import Measure
from dbmedic.diagnosis import said
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.said import Reader
from dbmedic.diagnosis.when import Window
from dbmedic.kit.units import bytes_text, time_text

SHOWN = 8
ORDER = (
    "restart", "failover", "version", "setting", "index_dropped", "index_changed", "slower", "new_statement",
    "more_calls", "load", "grown", "table_dropped", "index_added", "table_added", "slot", "statistics_reset",
)  # fmt: skip
"""Kinds of changes, the ones that explain most first."""


def changed(page: Page, window: Window | None, seen: Evidence) -> None:
    """What changed since the asked time, or since the one that was compared; nothing where no history was read."""
    history = next(iter(seen.of("history")), None)
    if history is None:
        return
    reader, found = page.reader, seen.of("changed")
    start = window.start if window is not None else _moment(history, "start")
    since = time_text(max(start, _moment(history, "since")), reader.zone)
    page.gap()
    if not found:
        page.said("changed.nothing", history.id, since=since)
        return
    page.said("changed.title", history.id, since=since)
    ordered = sorted(found, key=lambda one: ORDER.index(one.values["kind"]))
    for one in ordered[:SHOWN]:
        page.bullet(line(one, reader), one.id)
    if len(ordered) > SHOWN:
        page.bullet(reader.say("changed.more", count=len(ordered) - SHOWN))


def known_since(window: Window | None, seen: Evidence, reader: Reader, lead: Sequence[str] = ()) -> str | None:
    """What cannot be known of the asked time, or of what the `lead` checks compare with; None when it was sampled."""
    history = next(iter(seen.of("history")), None)
    if window is None and history is not None:
        window = Window(_moment(history, "start"), _moment(history, "end"))
    if window is None:
        blind = any(one.reason == "no_history" for check in lead if (one := seen.checked.get(check)) is not None)
        return reader.say("changed.never") if blind else None
    if history is None:
        if any(one.values.get("first") or one.values.get("at") for check in lead for one in seen.of(check)):
            return None  # the server's own log told when
        return reader.say("part.history", since=time_text(window.start, reader.zone))
    since = _moment(history, "since")
    return None if since <= window.start else reader.say("changed.from", since=time_text(since, reader.zone))


def line(one: Measure, reader: Reader) -> str:
    """One change in a sentence."""
    kind = one.values["kind"]
    words = said.shown(one, reader)
    words |= {name: words.get(name, "–") for name in ("before", "now", "at", "calls", "share")}
    name = str(one.values["name"])
    words["name"] = said.code(said.one_line(name, 120))
    if kind == "load":
        words["name"] = reader.say(f"changed.{name}")
    if kind == "grown":
        words["name"] = _grown(name, reader)
    text = reader.say(f"changed.{kind}", **words)
    if kind == "slower" and (why := _why(one, reader)) is not None:
        text += reader.say("changed.because", why=why)
    if one.values.get("at"):
        text += reader.say("changed.at", at=words["at"])
    return text


def _grown(name: str, reader: Reader) -> str:
    kind, _, rest = name.partition(":")
    known = lang.template(reader.language, f"disk.kind_{kind}")
    return " ".join(part for part in (known or kind, said.code(rest) if rest else "") if part)


def _why(one: Measure, reader: Reader) -> str | None:
    """What a slower statement does more of: rows, bytes read, or neither."""
    rows, before_rows = one.values.get("rows_per_call"), one.values.get("before_rows")
    read, before_read = one.values.get("read_per_call"), one.values.get("before_read")
    if rows and before_rows and rows >= 2 * before_rows:
        return reader.say("changed.more_rows", before=f"{before_rows:.3g}", now=f"{rows:.3g}")
    if read and before_read is not None and read >= 2 * before_read and read - before_read >= 1 << 20:
        return reader.say("changed.more_read", before=bytes_text(before_read), now=bytes_text(read))
    return None


def _moment(measure: Measure, name: str) -> datetime:
    return datetime.fromisoformat(str(measure.values[name]))
