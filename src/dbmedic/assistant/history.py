"""The history of watched databases in the store: written sample by sample, put together into coarser forms, bounded.

Each form is made when its time is over, from the next finer one, and what is too old goes then; so a sample costs the
same after a year as on the first day, and a restart loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dbmedic.checks.history_pack import (
    DAY_S,
    TIERS,
    Tier,
    heaviest,
    pack,
    pack_state,
    tier,
    together,
    unpack,
    unpack_state,
)
from dbmedic.core.history import Kept, Series, State, StateKind
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Now, Store

NAMES = 5000
"""Names kept of one instance; the ones not seen for longest go."""
ROW_BYTES = 60
"""What a row costs besides its body."""
STATE_DAYS = 400
Write = tuple[str, dict[str, Any]]


class StoredHistory:
    """A `History` (see `core/history.py`) over the store."""

    def __init__(self, store: Store, account: str, instance: str, *, now: Now) -> None:
        self._store, self._account, self._instance, self._now = store, account, instance, now

    async def since(self) -> datetime | None:
        """When sampling began, as far as samples are still kept."""
        found = await self._found()
        if found is None:
            return None
        for series in ("vitals", "sizes"):
            first = await self._store.read("samples_first", watched=found[0], series=series, step=0)
            if first[0]["at"] is not None:
                return moment(found[1])
        return None

    async def kept(self, series: Series, start: datetime, end: datetime, /, *, step_s: float = 0) -> list[Kept]:
        found = await self._found()
        if found is None:
            return []
        reach = self._now() - max(start, moment(found[1]))  # what was not sampled needs no coarser form
        form = tier(series, reach.total_seconds(), step_s)
        names = {row["id"]: row["name"] for row in await self._store.read("sample_names", watched=found[0])}
        rows = await self._store.read(
            "samples_between", watched=found[0], series=series, step=form.step, start=micros(start), finish=micros(end)
        )
        return [unpack(series, moment(row["at"]), row["body"], names) for row in rows]

    async def states(self, kind: StateKind, start: datetime, end: datetime, /) -> list[State]:
        found = await self._found()
        if found is None:
            return []
        rows = await self._store.read(
            "states_between", watched=found[0], kind=kind, start=micros(start), finish=micros(end)
        )
        return [State(moment(row["at"]), unpack_state(row["body"])) for row in rows]

    async def _found(self) -> tuple[int, int] | None:
        rows = await self._store.read("sampled_get", account=self._account, instance=self._instance)
        return (rows[0]["id"], rows[0]["since"]) if rows else None


class Keeper:
    """Writes the history of one instance; one process at a time does."""

    def __init__(self, store: Store, watched: int, *, days: float, most_bytes: int) -> None:
        self._store, self.watched, self._days, self._most_bytes = store, watched, days, most_bytes
        self._ids: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._next = 1
        self._last: dict[Series, float] = {}
        self._states: dict[StateKind, dict[str, str]] = {}
        self._weighed: float | None = None

    async def put(self, series: Series, kept: Kept) -> None:
        """Keeps a sample, and whatever coarser form is complete with it; a sample that is not the newest is dropped."""
        at = kept.at.timestamp()
        before = self._last.get(series)
        if before is not None and at <= before:
            return
        self._last[series] = at
        raw = TIERS[series][0]
        kept = Kept(kept.at, kept.window_s, heaviest(series, kept.values, raw.most))
        writes = self._named(kept, at)
        writes.append(self._row(series, raw, kept))
        if before is None:
            await self._store.write(*writes)
            return
        finer = raw
        for coarser in TIERS[series][1:]:
            ended = math.ceil(before / coarser.step) * coarser.step
            if at <= ended:
                break
            await self._store.write(*writes)
            writes = await self._put_together(series, finer, coarser, ended, kept.at)
            finer = coarser
        await self._store.write(*writes)
        if self._weighed is None or at - self._weighed >= DAY_S:
            self._weighed = at
            await self._bound(kept.at)

    async def put_state(self, kind: StateKind, at: datetime, values: Mapping[str, str]) -> bool:
        """Keeps texts when they are not the last ones; whether they were kept."""
        if self._states.get(kind) == values:
            return False
        body = pack_state(values)
        old = micros(at - timedelta(days=min(self._days, STATE_DAYS)))
        await self._store.write(
            ("state_put", {"watched": self.watched, "kind": kind, "at": micros(at), "body": body}),
            ("states_forget", {"watched": self.watched, "kind": kind, "before": old}),
        )
        self._states[kind] = dict(values)
        return True

    async def load(self, now: datetime) -> None:
        """What the last process knew: names, the newest samples and states."""
        for row in await self._store.read("sample_names", watched=self.watched):
            self._ids[row["name"]], self._seen[row["name"]] = row["id"], row["seen_at"]
            self._next = max(self._next, row["id"] + 1)
        for row in await self._store.read("samples_weight", watched=self.watched):
            if row["step"] == 0:
                self._last[row["series"]] = row["newest"] / 1e6
        kinds: tuple[StateKind, ...] = ("server", "settings", "objects")
        for kind in kinds:
            at = micros(now)
            rows = await self._store.read("states_between", watched=self.watched, kind=kind, start=at, finish=at)
            if rows:
                self._states[kind] = unpack_state(rows[-1]["body"])

    def state(self, kind: StateKind) -> dict[str, str] | None:
        """The texts kept last."""
        return self._states.get(kind)

    def _named(self, kept: Kept, at: float) -> list[Write]:
        """Writes that give new names their numbers, and say once a day which are in use."""
        writes: list[Write] = []
        today = int(at // DAY_S * DAY_S) * 1_000_000
        for name in kept.values:
            if self._seen.get(name, -1) >= today:
                continue
            if name not in self._ids:
                self._ids[name], self._next = self._next, self._next + 1
            self._seen[name] = int(at * 1_000_000)
            fields = {"watched": self.watched, "id": self._ids[name], "name": name, "now": self._seen[name]}
            writes.append(("sample_name_put", fields))
        if len(self._ids) > NAMES:
            oldest = sorted(self._seen.values())[len(self._seen) - NAMES * 4 // 5]
            for name in [name for name, seen in self._seen.items() if seen < oldest and name not in kept.values]:
                del self._ids[name], self._seen[name]
            writes.append(("sample_names_forget", {"watched": self.watched, "before": oldest}))
            for name in kept.values:  # what was just forgotten and is in use
                fields = {"watched": self.watched, "id": self._ids[name], "name": name, "now": self._seen[name]}
                writes.append(("sample_name_put", fields))
        return writes

    def _row(self, series: Series, form: Tier, kept: Kept) -> Write:
        body = pack(series, kept, self._ids)
        fields = {"watched": self.watched, "series": series, "step": form.step, "at": micros(kept.at), "body": body}
        return "sample_put", fields

    async def _put_together(
        self, series: Series, finer: Tier, coarser: Tier, ended: float, now: datetime
    ) -> list[Write]:
        """The writes for a time that is over: its coarser row, and the end of what is too old."""
        finish = moment(round(ended * 1e6))
        names = {number: name for name, number in self._ids.items()}
        start = micros(finish) - coarser.step * 1_000_000
        rows = await self._store.read(
            "samples_between",
            watched=self.watched,
            series=series,
            step=finer.step,
            start=start,
            finish=micros(finish),
        )
        parts = [unpack(series, moment(row["at"]), row["body"], names) for row in rows]
        writes = [self._row(series, coarser, together(series, parts, finish, coarser.most))] if parts else []
        for form in (finer, coarser):
            before = micros(now - timedelta(seconds=min(form.keep_s, self._days * DAY_S)))
            fields = {"watched": self.watched, "series": series, "step": form.step, "before": before}
            writes.append(("samples_forget", fields))
        return writes

    async def _bound(self, now: datetime) -> None:
        """Lets the oldest quarter of every form go until the whole is small enough; names that no sample has, too."""
        old = micros(now - timedelta(days=self._days))
        await self._store.write(("sample_names_forget", {"watched": self.watched, "before": old}))
        for name in [name for name, seen in self._seen.items() if seen < old]:
            del self._ids[name], self._seen[name]
        for _ in range(16):
            forms = await self._store.read("samples_weight", watched=self.watched)
            if sum(form["size"] + ROW_BYTES * form["number"] for form in forms) <= self._most_bytes:
                return
            await self._store.write(
                *(
                    (
                        "samples_forget",
                        {
                            "watched": self.watched,
                            "series": form["series"],
                            "step": form["step"],
                            "before": form["oldest"] + (form["newest"] - form["oldest"]) // 4 + 1,
                        },
                    )
                    for form in forms
                    if form["newest"] > form["oldest"]
                )
            )


async def open_keeper(
    store: Store, account: str, instance: str, *, now: datetime, days: float = 400, most_bytes: int = 64 << 20
) -> Keeper:
    """The keeper of an instance's history, with all that was kept of it before."""
    await store.write(("sampled_put_new", {"account": account, "instance": instance, "now": micros(now)}))
    (found,) = await store.read("sampled_get", account=account, instance=instance)
    keeper = Keeper(store, found["id"], days=days, most_bytes=most_bytes)
    await keeper.load(now)
    return keeper
