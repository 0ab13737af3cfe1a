"""Ids that are never the same, and lie in the order they were made in."""

from __future__ import annotations

import os
import time
from uuid import RFC_4122, UUID

from dbmedic.kit.ids import NewIds


def test_ids_are_uuids_of_version_7() -> None:
    new_id = NewIds(os.urandom, time.time_ns)
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(str(UUID(id)) == id and UUID(id).version == 7 for id in ids)
    assert all(UUID(id).variant == RFC_4122 for id in ids)


def test_a_later_one_is_larger_as_text() -> None:
    clock = iter(range(1_700_000_000_000_000_000, 1_800_000_000_000_000_000, 10**15))
    new_id = NewIds(os.urandom, lambda: next(clock))
    ids = [new_id() for _ in range(50)]
    assert ids == sorted(ids)
    assert UUID(ids[0]).int >> 80 == 1_700_000_000_000


def test_what_follows_the_time_is_random() -> None:
    new_id = NewIds(os.urandom, lambda: 0)
    ids = [UUID(new_id()).int for _ in range(2000)]
    for bit in [*range(62), *range(64, 76)]:
        ones = sum(id >> bit & 1 for id in ids)
        assert 800 < ones < 1200, bit
