"""The answer to "is the disk full, must it grow?": used, total, percent, what takes it, what grows, what can be freed.

Expansion is never advised from the percentage alone: what can be freed is counted first.  Where nothing sees the host,
the answer says so and names the three ways to change that.
"""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.checks.expression import compiled
from dbmedic.core.values import Measure
from dbmedic.diagnosis.disk_trend import future, size_to_buy, soon, span
from dbmedic.diagnosis.disk_trend import known as trend_known
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.said import fix_lines, shown, title
from dbmedic.kit.units import bytes_rate_text, bytes_text, ratio_text, seconds_text

TOLD = ("disk-used", "disk-breakdown", "disk-forecast")
"""Checks whose numbers stand in the answer itself."""
FULL, TIGHT = 0.95, 0.80
RELEASE_FIRST = 0.20
"""Share of the used space from which freeing comes before buying."""
DAY_S = 86400
JUMP = 0.1
"""Growth within one look, as a share of the object's size, that no server writes in a few seconds."""
WHOLE = ("wal", "binlog", "temp", "log")
"""Kinds that are files, whose size is never estimated."""
ROWS, CURES = 6, 3
"""Rows of the table, statements that free space."""
OTHERS = 0.2
"""Share of the used space from which what the server does not account for is worth a line."""
RECLAIM = {
    "unused-index": "size",
    "duplicate-index": "size",
    "invalid-index": "size",
    "sl-freelist": "free",
    "my-fragmentation": "free",
    "pg-table-bloat": "wasted",
    "pg-index-bloat": "wasted",
    "pg-wal-dir": "size - configured",
}
"""Check -> bytes that its finding could free, an expression over its columns."""


def volumes(seen: Evidence) -> list[Measure]:
    """The measured volumes, fullest first."""
    found = [one for one in seen.of("disk-used") if isinstance(one.values.get("ratio"), int | float)]
    return sorted(found, key=lambda one: -one.values["ratio"])


def disk_verdict(page: Page, seen: Evidence, instance: str) -> None:
    """The bold sentence."""
    known = volumes(seen)
    if not known:
        base = [one for one in parts(seen, "database") if one.values.get("size")]
        if base:
            size = bytes_text(sum(one.values["size"] for one in base))
            page.said("disk.unknown", *(one.id for one in base), instance=instance, size=size)
        else:
            page.said("disk.unknown_plain", instance=instance)
        return
    worst = known[0]
    ratio, reclaim = worst.values["ratio"], sum(size for _, size, _ in reclaimable(seen))
    used = worst.values.get("used") or 0
    if ratio >= FULL:
        key = "disk.urgent"
    elif ratio >= TIGHT:
        key = "disk.release" if reclaim >= RELEASE_FIRST * used else "disk.expand"
    else:
        key = "disk.ok_growing" if growing(seen) else "disk.ok"
    eta = _eta(seen)
    if key == "disk.ok_growing" and eta is not None and eta < DAY_S:
        key = "disk.fast"
    first = soon(seen)
    if first is not None and key in ("disk.ok", "disk.ok_growing", "disk.expand"):
        free_first = reclaim >= RELEASE_FIRST * used
        key = "disk.full_soon_release" if free_first else "disk.full_soon"
        worst = next((one for one in known if one.object == first.values["name"]), worst)
    words = _volume(worst, page)
    if first is not None and key.startswith("disk.full_soon"):
        words |= {"points": str(first.values["points"]), "range": span(first, page.reader)}
        page.rests.append(first.id)
    page.said(key, worst.id, instance=instance, reclaim=bytes_text(reclaim), eta=seconds_text(eta), **words)


def disk_numbers(page: Page, seen: Evidence, instance: str) -> None:
    """What follows the verdict, shortest first."""
    reader, known = page.reader, volumes(seen)
    page.gap()
    for one in known:
        page.bullet(reader.say("disk.volume", **_volume(one, page)), one.id)
        if one.values.get("source") == "allocated":
            page.bullet(reader.say("disk.allocated"), one.id)
        elif (kept := _set_aside(one)) is not None:
            volume = _volume(one, page)["volume"]
            page.bullet(reader.say("disk.reserved", reserved=bytes_text(kept), volume=volume), one.id)
    _others(page, seen)
    if not known:
        page.said("disk.verdict_unknown")
        page.said("disk.ways")
        for way in ("way_host", "way_storage", "way_metrics"):
            page.bullet(reader.say(f"disk.{way}", instance=instance))
        page.gap()
    _growth(page, seen)
    future(page, seen)
    if soon(seen) is not None or (known and known[0].values["ratio"] >= TIGHT):
        size_to_buy(page, seen)
    _freeable(page, seen)
    disk_table(page, seen)


def parts(seen: Evidence, *kinds: str) -> list[Measure]:
    """What takes the space, of some kinds or all, largest first."""
    found = [one for one in seen.of("disk-breakdown") if not kinds or one.values.get("kind") in kinds]
    return sorted(found, key=lambda one: -(one.values.get("size") or 0))


def growing(seen: Evidence) -> list[Measure]:
    """Tables and logs that grew between the two samples (databases where none did), fastest first.

    What jumped by more than a part of itself was counted anew by the server's statistics, and did not grow.
    """
    rates = [one for one in parts(seen) if (one.values.get("growth") or 0) > 0 and not _jumped(one)]
    details = [one for one in rates if one.values.get("kind") != "database"]
    return sorted(details or rates, key=lambda one: -one.values["growth"])


def _jumped(one: Measure) -> bool:
    if one.values.get("kind") in WHOLE or one.values.get("real"):
        return False
    return float(one.values["growth"]) * (one.window_s or 0) > JUMP * (one.values.get("size") or 0)


def reclaimable(seen: Evidence) -> list[tuple[str, float, tuple[str, ...]]]:
    """(check, bytes, measures) of what could be freed, largest first."""
    found = []
    for check, text in RECLAIM.items():
        facts = [fact for fact in seen.facts if fact.check == check]
        size = sum(compiled(text)(fact.values) or 0 for fact in facts)
        if size > 0:
            found.append((check, float(size), tuple(fact.measure.id for fact in facts)))
    return sorted(found, key=lambda one: -one[1])


def _set_aside(one: Measure) -> float | None:
    """Bytes that a file system keeps for the administrator; None where used and free make the total, within 1 %."""
    used, total, free = (one.values.get(name) for name in ("used", "total", "free"))
    if used is None or total is None or free is None:
        return None
    kept: float = total - used - free
    return kept if kept > total / 100 else None


def _volume(one: Measure, page: Page) -> dict[str, str]:
    words = shown(one, page.reader)
    used, total = one.values.get("used"), one.values.get("total")
    free = one.values.get("free")
    if free is None and used is not None and total is not None:
        free = total - used
    return {
        "volume": words.get("volume", one.object),
        "used": words.get("used", "?"),
        "total": words.get("total", "?"),
        "free": bytes_text(free),
        "ratio": ratio_text(one.values["ratio"]),
        "source": words.get("source", one.source),
    }


def _others(page: Page, seen: Evidence) -> None:
    """What the fullest volume holds besides this server's files."""
    known = volumes(seen)
    ours = [one for one in parts(seen) if one.values.get("kind") in ("database", "wal", "binlog", "temp", "log")]
    if not known or not ours or known[0].values.get("source") == "allocated":
        return
    used, accounted = known[0].values.get("used") or 0, sum(one.values.get("size") or 0 for one in ours)
    if used - accounted > OTHERS * used:
        sizes = {"ours": bytes_text(accounted), "others": bytes_text(used - accounted), "used": bytes_text(used)}
        page.bullet(page.reader.say("disk.others", **sizes), known[0].id, *(one.id for one in ours))


def _growth(page: Page, seen: Evidence) -> None:
    reader, found = page.reader, growing(seen)
    window = next((one.window_s for one in parts(seen) if one.window_s), None)
    if window is None:
        return
    if not found:
        page.bullet(reader.say("disk.not_growing", window=seconds_text(window)), *(one.id for one in parts(seen)[:1]))
        return
    names = {one.id: _called(one, page) for one in found[:3]}
    said = [
        reader.say("disk.growing", name=names[one.id], rate=bytes_rate_text(one.values["growth"])) for one in found[:3]
    ]
    page.bullet(reader.say("disk.grows", list=reader.listed(said)), *(one.id for one in found[:3]))
    if (eta := _eta(seen)) is not None and (eta < DAY_S or not trend_known(seen)):
        # One interval is no trend: it gives a date only where waiting for a trend could be too late.
        free, key = bytes_text(volumes(seen)[0].values["free"]), "disk.eta" if eta < DAY_S else "disk.no_trend"
        text = reader.say(key, free=free, eta=seconds_text(eta), window=seconds_text(window))
        page.bullet(text, volumes(seen)[0].id)


def _eta(seen: Evidence) -> float | None:
    """Seconds that the fullest volume would last at the pace of this moment; None when nothing grows."""
    known, rates = volumes(seen), growing(seen)
    whole = [one for one in parts(seen, "database") if (one.values.get("growth") or 0) > 0 and not _jumped(one)]
    rate = sum(one.values["growth"] for one in whole or rates)
    free = known[0].values.get("free") if known else None
    return free / rate if free and rate > 0 else None


def _freeable(page: Page, seen: Evidence) -> None:
    reader, found = page.reader, reclaimable(seen)
    if not found:
        if not any(fact.check == "pg-dead-tuples" for fact in seen.facts):  # told with its cure, for it frees no file
            page.bullet(reader.say("disk.nothing_freeable"))
        return
    items = [f"{title(check, reader)} {bytes_text(size)}" for check, size, _ in found[:4]]
    total = bytes_text(sum(size for _, size, _ in found))
    measures = [id for _, _, ids in found[:4] for id in ids]
    page.bullet(reader.say("disk.freeable", list=reader.listed(items), reclaim=total), *measures)


def disk_cures(page: Page, seen: Evidence) -> None:
    """The statements that free most, each with its lock and risk."""
    checks = [check for check, _, _ in reclaimable(seen)]
    facts = sorted((fact for fact in seen.facts if fact.check in checks), key=lambda fact: checks.index(fact.check))
    fixes = [fact for fact in facts if fact.finding.fix is not None][:CURES]
    if fixes:
        page.part("part.now")
    for fact in fixes:
        if fact.finding.fix is not None:
            page.all(fix_lines(fact.finding.fix, page.reader))


def disk_table(page: Page, seen: Evidence, rows: int = ROWS, names: Sequence[str] = ()) -> None:
    """The largest databases and what is in them; tables that the question names come first."""
    databases = [one for one in parts(seen, "database") if one.values.get("size")][:2]
    others = [one for one in parts(seen) if one.values.get("kind") != "database" and one.values.get("size")]
    wanted = sized(seen, names)
    largest = [*wanted, *(one for one in databases + others if one not in wanted)][:rows]
    if not largest:
        return
    page.gap()
    page.said("disk.table_head")
    page.add("|---|---:|---:|---:|")
    for one in largest:
        words = shown(one, page.reader)
        kind = page.reader.say(f"disk.kind_{one.values.get('kind')}") if one.values.get("kind") in KINDS else ""
        cells = (f"{kind} {_name(one)}".strip(), *(words.get(name, "") for name in ("size", "share", "rows")))
        page.add(f"| {' | '.join(cells)} |", one.id)


def sized(seen: Evidence, names: Sequence[str]) -> list[Measure]:
    """The tables of these names."""
    tables = [one for one in parts(seen, "table") if one.values.get("size")]
    return [one for one in tables if str(one.values.get("name") or one.object).rpartition(".")[2].lower() in names]


KINDS = ("database", "table", "index", "wal", "binlog", "temp", "log", "free")


def _called(one: Measure, page: Page) -> str:
    """Its name, or what kind of file it is."""
    return _name(one) or page.reader.say(f"disk.kind_{one.values['kind']}")


def _name(one: Measure) -> str:
    name = str(one.values.get("name") or one.object)
    return "" if one.values.get("kind") in ("wal", "binlog", "temp", "log", "free") else f"`{name}`"
