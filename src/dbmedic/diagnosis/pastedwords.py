"""What somebody pasted, other than a plan -> sentences in the reader's language.  Pure."""

from __future__ import annotations

from dbmedic.diagnosis.phrases import say
from dbmedic.kit.evidence import Deadlock, Innodb, Sessions, Settings, Slow, SlowLog, Transaction
from dbmedic.kit.units import count_text, ratio_text, seconds_text

TOP, TEXT = 5, 300
ENGINES = {"postgres": "PostgreSQL", "mysql": "MySQL / MariaDB"}
HISTORY = 100_000
"""Length of the history list from which purge is behind."""
OPEN_S = 60.0
HIT = 0.99


def slow(log: SlowLog, language: str) -> list[str]:
    said = [
        say(
            language, "slow", engine=ENGINES[log.engine], count=count_text(log.entries),
            kinds=count_text(len(log.slowest)), total=seconds_text(log.total_s),
        )
    ]  # fmt: skip
    return [*said, *(_one(one, log.total_s or 1.0, language) for one in log.slowest[:TOP])]


def _one(one: Slow, whole: float, language: str) -> str:
    text = say(
        language, "slow_top", share=ratio_text(one.total_s / whole), count=count_text(one.count),
        mean=seconds_text(one.total_s / one.count), longest=seconds_text(one.longest_s), query=one.query[:TEXT],
    )  # fmt: skip
    if one.examined > 100 * max(1, one.sent):
        text += " " + say(language, "slow_rows", examined=count_text(one.examined), sent=count_text(one.sent))
    if one.total_s and one.lock_s >= 0.3 * one.total_s:
        text += " " + say(language, "slow_lock", share=ratio_text(min(1.0, one.lock_s / one.total_s)))
    return text


def sessions(found: Sessions, language: str) -> list[str]:
    count, active = count_text(len(found.all)), count_text(found.active)
    said = [say(language, "sessions", engine=ENGINES[found.engine], count=count, active=active)]
    if found.waiting:
        one = found.waiting[0]
        said.append(say(language, "waiting", count=count_text(len(found.waiting)), id=one.id, query=one.query[:TEXT]))
    idle = found.idle_in_transaction
    if idle:
        one = min(idle, key=lambda each: each.since or "~")
        said.append(
            say(
                language, "idle_open", count=count_text(len(idle)), id=one.id, user=one.user,
                since=one.since or "?", query=one.query[:TEXT],
            )
        )  # fmt: skip
    if found.oldest is not None and found.oldest not in idle:
        one, key = found.oldest, "oldest" if found.engine == "postgres" else "longest"
        said.append(say(language, key, id=one.id, user=one.user, since=one.since, query=one.query[:TEXT]))
    if found.crowd[1] >= 3:
        said.append(say(language, "crowd", count=count_text(found.crowd[1]), query=found.crowd[0][:TEXT]))
    if not found.waiting and not idle:
        said.append(say(language, "quiet"))
    return said


def innodb(found: Innodb, language: str) -> list[str]:
    said = [say(language, "innodb")]
    if found.history is not None:
        key = "history" if found.history >= HISTORY else "history_fine"
        said.append(say(language, key, count=count_text(found.history)))
    notable = [one for one in found.transactions if one.waits or one.open_s >= OPEN_S]
    said += [_transaction(one, language) for one in notable[:TOP]]
    if found.semaphore_s is not None:
        said.append(say(language, "semaphore", time=seconds_text(found.semaphore_s)))
    if found.hit is not None and found.hit < HIT:
        said.append(say(language, "hit", ratio=ratio_text(found.hit)))
    return said


def _transaction(one: Transaction, language: str) -> str:
    key = "transaction_waits" if one.waits else "transaction"
    fields = {"changed": count_text(one.changed), "locks": count_text(one.locks), "query": one.query[:TEXT] or "-"}
    return say(language, key, time=seconds_text(one.open_s), thread=one.thread, **fields)


def deadlock(found: Deadlock, language: str) -> list[str]:
    said = [say(language, "deadlock", engine=ENGINES[found.engine], count=count_text(len(found.parties)))]
    for one in found.parties:
        key = "party" if one.waits_for else "party_unknown"
        said.append(say(language, key, id=one.id, lock=one.waits_for, object=one.on, query=one.query[:TEXT] or "-"))
    if found.victim:
        said.append(say(language, "victim", id=found.victim))
    return [*said, say(language, "order")]


def settings(found: Settings, language: str) -> list[str]:
    said = [say(language, "settings", engine=ENGINES[found.engine], count=count_text(len(found.values)))]
    for one in found.strange:
        why = say(language, f"why_{one.why}")
        said.append(say(language, "setting", name=one.name, value=one.value or "on", why=why))
    return said if found.strange else [*said, say(language, "settings_fine")]
