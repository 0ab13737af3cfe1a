"""A run ends in time, or when it is told to; a cancellation from elsewhere passes through."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from dbmedic.kit.bound import Bound


async def test_what_takes_too_long_is_cancelled_and_whoever_bounded_it_goes_on() -> None:
    began, reached = time.monotonic(), False
    with Bound(0.05):
        await asyncio.sleep(60)
        reached = True
    assert not reached
    assert time.monotonic() - began < 30
    await asyncio.sleep(0)  # nothing of it is left over
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_it_can_be_ended_from_outside_more_than_once_and_too_late() -> None:
    bound, seen = Bound(60), list[str]()

    async def run() -> None:
        with bound:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                seen.append("cleaned up")
        await asyncio.sleep(0)
        seen.append("went on")

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    bound.cancel()
    bound.cancel()
    await task
    bound.cancel()
    assert seen == ["cleaned up", "went on"]


async def test_a_cancellation_from_elsewhere_is_not_taken_for_its_own() -> None:
    async def run() -> None:
        with Bound(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once_is_a_cancellation_from_elsewhere() -> None:
    bound, went_on = Bound(60), False

    async def run() -> None:
        nonlocal went_on
        with bound:
            await asyncio.sleep(60)
        went_on = True

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    bound.cancel()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert not went_on
