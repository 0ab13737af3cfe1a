"""The lines of a disk answer that speak of the future: the trend, a date as a range, what is no trend, other limits.

Numbers are those of the check `disk-forecast`; where there is no trend there is no date.
"""

from __future__ import annotations

from datetime import datetime

from dbmedic.core.values import Measure
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.said import Reader, code
from dbmedic.kit.units import bytes_text, count_text, ratio_text, seconds_text

DAY_S = 86400
SOON_S = 30 * DAY_S
SURE = 7
"""Days below which a trend is told with low confidence."""
LEAST = 3
HALF_YEAR = 182
ROOM = 1.2


def soon(seen: Evidence) -> Measure | None:
    """The volume that is full first, when that is within a month."""
    dated = [one for one in _of(seen, "volume") if one.values.get("soonest") is not None]
    first = min(dated, key=lambda one: float(one.values["soonest"]), default=None)
    return first if first is not None and first.values["soonest"] < SOON_S and first.values["points"] >= LEAST else None


def known(seen: Evidence) -> bool:
    """Whether a history says anything of growth."""
    return bool(_of(seen, "volume") or _of(seen, "database"))


def future(page: Page, seen: Evidence) -> None:
    """What the history says, a line for each volume, burst and number that runs out."""
    reader = page.reader
    checked = seen.checked.get("disk-forecast")
    if checked is not None and checked.reason == "no_history":
        page.bullet(reader.say("disk.no_history", least=LEAST))
    for one in (_of(seen, "volume") or _of(seen, "database"))[:3]:
        page.bullet(_line(one, reader), one.id)
        if one.values.get("burst"):
            at = str(datetime.fromisoformat(str(one.values["burst_at"])).date())
            page.bullet(reader.say("disk.burst", burst=bytes_text(one.values["burst"]), at=at), one.id)
    for one in [*_of(seen, "sequence"), *_of(seen, "transaction ids")][:3]:
        words = {name: count_text(round(one.values[name])) for name in ("used", "limit")}
        what = reader.say("disk.sequence" if one.values["what"] == "sequence" else "disk.xid")
        name = code(str(one.values["name"]))
        page.bullet(reader.say("disk.lasts", what=what, name=name, range=span(one, reader), **words), one.id)


def size_to_buy(page: Page, seen: Evidence) -> None:
    """How large the volume would have to be for half a year at the upper pace."""
    for one in _of(seen, "volume"):
        soonest, limit, used = (one.values.get(name) for name in ("soonest", "limit_bytes", "used_bytes"))
        if soonest and limit and used and limit > used:
            pace = (limit - used) / soonest * DAY_S
            size = bytes_text((used + pace * HALF_YEAR) * ROOM)
            page.bullet(page.reader.say("disk.size", volume=one.values["name"], size=size), one.id)


def span(one: Measure, reader: Reader) -> str:
    """ "19 d to 25 d", or from when on."""
    soonest, latest = one.values.get("soonest"), one.values.get("latest")
    if latest is None or soonest is None:
        return reader.say("disk.range_open", soonest=_days(soonest))
    low, high = _days(soonest), _days(latest)
    return low if low == high else reader.say("disk.range", soonest=low, latest=high)


def _line(one: Measure, reader: Reader) -> str:
    values = one.values
    words = {"volume": values["name"], "points": values["points"]}
    if values["trend"] == "none":
        return reader.say("disk.no_trend_yet", least=LEAST, **words)
    if values["trend"] == "flat" or not values.get("slope_bytes"):
        return reader.say("disk.flat", **words)
    words["slope"] = bytes_text(values["slope_bytes"])
    dated = values.get("soonest") is not None
    text = reader.say("disk.trend" if dated else "disk.trend_far", range=span(one, reader) if dated else "", **words)
    gap = "" if reader.language in ("zh-CN", "zh-TW", "ja") else " "
    if values.get("top"):
        kind, _, name = str(values["top"]).partition(" ")
        top = " ".join(part for part in (reader.say(f"disk.kind_{_kind(kind)}"), code(name) if name else "") if part)
        text += gap + reader.say("disk.top", top=top, share=ratio_text(values["top_share"]))
    if values["points"] < SURE:
        text += gap + reader.say("disk.unsure", points=values["points"])
    return text


def _kind(kind: str) -> str:
    return kind if kind in ("table", "wal", "binlog", "temp", "slot") else "table"


def _of(seen: Evidence, what: str) -> list[Measure]:
    return [one for one in seen.of("disk-forecast") if one.values.get("what") == what]


def _days(seconds: float | None) -> str:
    """Whole days from two days on."""
    if seconds is not None and seconds >= 2 * DAY_S:
        seconds = round(seconds / DAY_S) * DAY_S
    return seconds_text(seconds)
