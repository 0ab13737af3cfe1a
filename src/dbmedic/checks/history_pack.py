"""Samples as the store keeps them: packed, put together into coarser ones, and how long each form is kept.  Pure.

A sample is a list of name numbers and one column of numbers per value: names are kept once per instance, so that a
sample of two hundred statements takes a few kilobytes and one of a server's counters about a hundred bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from dbmedic.core.history import Kept, Series

DAY_S = 86_400.0
SMALL = 200
"""Bytes below which compressing gains nothing."""


class Tier(NamedTuple):
    """One form in which samples are kept."""

    step: int
    """Seconds that a row stands for; 0: as taken."""
    keep_s: float
    most: int
    """Names kept in a row, the heaviest first."""


TIERS: Mapping[Series, tuple[Tier, ...]] = {
    "vitals": (Tier(0, DAY_S, 100), Tier(300, 14 * DAY_S, 100), Tier(3600, 400 * DAY_S, 100)),
    "statements": (Tier(0, 2 * DAY_S, 200), Tier(3600, 60 * DAY_S, 100), Tier(86_400, 400 * DAY_S, 50)),
    "sizes": (Tier(0, 2 * DAY_S, 400), Tier(3600, 30 * DAY_S, 400), Tier(86_400, 400 * DAY_S, 400)),
}
_COLUMNS: Mapping[Series, tuple[int, str]] = {"vitals": (2, "f"), "statements": (5, "f"), "sizes": (1, "d")}
"""Numbers per name, and how each is written."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[float, list[int], bytes]).decode
_states = msgspec.msgpack.Decoder(dict[str, str]).decode


def pack(series: Series, kept: Kept, ids: Mapping[str, int]) -> bytes:
    """The sample as bytes; names without a number are left out."""
    width, form = _COLUMNS[series]
    known = sorted((ids[name], values) for name, values in kept.values.items() if name in ids)
    steps = [number - before for (number, _), before in zip(known, [0, *(n for n, _ in known)], strict=False)]
    columns = [_fitting(values[column], form) for column in range(width) for _, values in known]
    body = _encode((kept.window_s, steps, struct.pack(f"<{len(columns)}{form}", *columns)))
    return b"\0" + body if len(body) < SMALL else b"\1" + zlib.compress(body, 6)


def unpack(series: Series, at: datetime, body: bytes, names: Mapping[int, str]) -> Kept:
    """What `pack` packed; what has lost its name is left out."""
    width, form = _COLUMNS[series]
    window_s, steps, raw = _decode(body[1:] if body[:1] == b"\0" else zlib.decompress(body[1:]))
    numbers = struct.unpack(f"<{len(steps) * width}{form}", raw)
    values: dict[str, tuple[float, ...]] = {}
    number = 0
    for place, step in enumerate(steps):
        number += step
        if (name := names.get(number)) is not None:
            values[name] = tuple(numbers[place :: len(steps)])
    return Kept(at, window_s, values)


def pack_state(values: Mapping[str, str]) -> bytes:
    """Texts by name as bytes."""
    return zlib.compress(_encode(dict(sorted(values.items()))), 6)


def unpack_state(body: bytes) -> dict[str, str]:
    return _states(zlib.decompress(body))


def together(series: Series, samples: Sequence[Kept], at: datetime, most: int) -> Kept:
    """Several samples as one that ends at `at`.

    vitals: the mean by time, and the most; statements: sums, the `most` that took most time; sizes: the most.
    """
    window_s = sum(one.window_s for one in samples)
    names = {name for one in samples for name in one.values}
    made: dict[str, tuple[float, ...]]
    if series == "vitals":
        made = {name: _mean_and_most([one for one in samples if name in one.values], name) for name in names}
    elif series == "statements":
        made = {name: _sum(one.values[name] for one in samples if name in one.values) for name in names}
    else:
        made = {name: (max(one.values[name][0] for one in samples if name in one.values),) for name in names}
    return Kept(at, window_s, heaviest(series, made, most))


def heaviest(series: Series, values: Mapping[str, tuple[float, ...]], most: int) -> dict[str, tuple[float, ...]]:
    """At most that many names: statements by their time, sizes by their size."""
    if len(values) <= most:
        return dict(values)
    column = 1 if series == "statements" else 0
    return dict(sorted(values.items(), key=lambda item: -item[1][column])[:most])


def tier(series: Series, reach_s: float, step_s: float) -> Tier:
    """The finest form that reaches so far back and is not finer than `step_s`; else the coarsest."""
    fitting = [one for one in TIERS[series] if one.keep_s >= reach_s and one.step >= step_s]
    return fitting[0] if fitting else TIERS[series][-1]


def _mean_and_most(samples: Sequence[Kept], name: str) -> tuple[float, float]:
    weights = [one.window_s or 1.0 for one in samples]
    mean = sum(one.values[name][0] * weight for one, weight in zip(samples, weights, strict=True)) / sum(weights)
    return mean, max(one.values[name][1] for one in samples)


def _sum(rows: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))


def _fitting(value: float, form: str) -> float:
    """What the form can hold."""
    return max(-3.4e38, min(3.4e38, value)) if form == "f" else value
