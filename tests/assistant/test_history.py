"""What is kept of a watched database: read back as it was, coarser with age, bounded, and known after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from dbmedic.assistant.history import ROW_BYTES, Keeper, StoredHistory, open_keeper
from dbmedic.core.history import Kept
from dbmedic.store.sqlite import Sqlite, open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store() -> AsyncIterator[Sqlite]:
    opened = await open_store(None)
    await opened.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 4, "now": 0}))
    yield opened
    await opened.close()


def history(store: Sqlite, now: datetime) -> StoredHistory:
    return StoredHistory(store, "default", "shop", now=lambda: now)


def vitals(at: datetime, load: float, window_s: float = 60) -> Kept:
    return Kept(at, window_s, {"throughput": (load, load), "connections": (20.0, 20.0)})


async def weight(store: Sqlite, keeper: Keeper) -> int:
    forms = await store.read("samples_weight", watched=keeper.watched)
    return sum(form["size"] + ROW_BYTES * form["number"] for form in forms)


async def test_samples_come_back_as_they_were_kept(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "shop", now=START)
    first = Kept(START, 300, {"7\x1fshop\x1fselect 1": (12.0, 0.5, 12.0, 8192.0, 0.0)})
    sizes = Kept(START, 600, {"table:shop.public.orders": (123_456_789_012.0,), "wal": (1024.0,)})
    await keeper.put("statements", first)
    await keeper.put("sizes", sizes)
    seen = history(store, START + timedelta(minutes=1))
    assert await seen.kept("statements", START - timedelta(hours=1), START) == [first]
    assert await seen.kept("sizes", START - timedelta(hours=1), START) == [sizes]
    assert await seen.kept("vitals", START - timedelta(hours=1), START) == []
    assert await seen.since() == START


async def test_nothing_is_known_of_an_instance_that_was_never_sampled(store: Sqlite) -> None:
    seen = history(store, START)
    assert await seen.since() is None
    assert await seen.kept("vitals", START, START) == []
    assert await seen.states("settings", START, START) == []


async def test_minutes_become_five_minutes_and_hours_with_their_mean_and_most(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "shop", now=START)
    for minute in range(1, 182):
        await keeper.put("vitals", vitals(START + timedelta(minutes=minute), 100 if minute % 5 else 600))
    seen = history(store, START + timedelta(minutes=181))
    coarse = await seen.kept("vitals", START, START + timedelta(hours=4), step_s=3600)
    assert [one.at for one in coarse] == [START + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert [one.values["throughput"] for one in coarse] == [(200.0, 600.0)] * 3
    assert [one.window_s for one in coarse] == [3600.0] * 3
    fine = await seen.kept("vitals", START, START + timedelta(hours=4), step_s=60)
    assert len(fine) == 36


async def test_a_restart_goes_on_where_the_last_process_ended(store: Sqlite) -> None:
    for minute in range(1, 12):
        keeper = await open_keeper(store, "default", "shop", now=START + timedelta(minutes=minute))
        await keeper.put("vitals", vitals(START + timedelta(minutes=minute), minute))
        await keeper.put_state("settings", START + timedelta(minutes=minute), {"work_mem": "4MB"})
    seen = history(store, START + timedelta(minutes=11))
    fine = await seen.kept("vitals", START, START + timedelta(hours=1), step_s=300)
    assert [one.values["throughput"] for one in fine] == [(3.0, 5.0), (8.0, 10.0)]
    assert len(await seen.states("settings", START, START + timedelta(hours=1))) == 1


async def test_states_say_what_was_in_force_and_what_changed(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "shop", now=START)
    for day, value in enumerate(("4MB", "4MB", "64MB", "64MB", "1MB")):
        await keeper.put_state("settings", START + timedelta(days=day), {"work_mem": value})
    seen = history(store, START + timedelta(days=5))
    found = await seen.states("settings", START + timedelta(days=3), START + timedelta(days=5))
    assert [(one.at.day, one.values["work_mem"]) for one in found] == [(3, "64MB"), (5, "1MB")]


async def test_a_year_of_samples_stays_within_its_bound(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "shop", now=START, days=100)
    weights: dict[int, int] = {}
    for hour in range(0, 24 * 366, 4):
        at = START + timedelta(hours=hour)
        await keeper.put("vitals", vitals(at, hour % 97, 4 * 3600))
        if hour % 24 == 0:
            texts = {f"{n}\x1fshop\x1fselect {n}": (float(hour % 11), 0.1, 5.0, 0.0, 0.0) for n in range(20)}
            await keeper.put("statements", Kept(at, 86_400, texts))
            await keeper.put("sizes", Kept(at, 86_400, {f"table:t{n}": (1e9 + hour * 1e5,) for n in range(40)}))
        if hour % (24 * 30) == 0:
            weights[hour // 24] = await weight(store, keeper)
    rows = await store.read("samples_weight", watched=keeper.watched)
    forms = {(form["series"], form["step"]): form["number"] for form in rows}
    assert forms["vitals", 0] <= 6 + 1
    assert forms["vitals", 300] <= 14 * 6 + 1
    assert forms["vitals", 3600] <= 100 * 6 + 1
    assert forms["statements", 0] <= 2 + 1
    assert forms["sizes", 86_400] <= 100 + 1
    assert weights[360] < 1.05 * weights[150], "it grows no more once all forms are full"
    seen = history(store, START + timedelta(days=366))
    kept = await seen.kept("sizes", START + timedelta(days=270), START + timedelta(days=366), step_s=86_400)
    assert len(kept) > 90


async def test_the_oldest_go_when_the_size_is_reached(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "shop", now=START, most_bytes=20_000)
    for hour in range(24 * 6):
        names = {f"table:t{n}": (float(hour * n),) for n in range(30)}
        await keeper.put("sizes", Kept(START + timedelta(hours=hour), 3600, names))
    assert await weight(store, keeper) < 2 * 20_000
    seen = history(store, START + timedelta(days=6))
    last = await seen.kept("sizes", START + timedelta(days=5), START + timedelta(days=6))
    assert last[-1].at == START + timedelta(hours=143)


async def test_what_was_kept_of_a_removed_instance_is_forgotten(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "gone", now=START)
    await keeper.put("vitals", vitals(START, 5))
    await store.write(("sampled_clean", {}))
    assert await store.read("samples_weight", watched=keeper.watched) == []


async def test_only_one_process_samples_an_instance(store: Sqlite) -> None:
    keeper = await open_keeper(store, "default", "shop", now=START)

    async def claim(owner: str, now: int, until: int) -> bool:
        fields = {"watched": keeper.watched, "owner": owner, "now": now, "until": until}
        (rows,) = await store.write(("sampled_claim", fields))
        return bool(rows)

    assert await claim("one", 10, 100)
    assert not await claim("two", 50, 150)
    assert await claim("one", 90, 200)
    assert await claim("two", 201, 300)
