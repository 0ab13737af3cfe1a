"""Log lines reach their reader at once when they are alone or tell of trouble, together when there are many."""

from __future__ import annotations

import asyncio
import threading

from dbmedic.kit.logs import CONSOLE, TOGETHER_S, Lines


class Out:
    """What was written, write by write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def flush(self) -> None:
        """Nothing is held here."""


async def test_a_lone_line_is_written_at_once_and_a_crowd_together() -> None:
    lines = Lines(out := Out())  # type: ignore[arg-type]
    lines.info(b"1")
    assert out.writes == [b"1\n"]
    lines.info(b"2")
    lines.info(b"3")
    assert out.writes == [b"1\n"]
    await asyncio.sleep(TOGETHER_S * 6)
    assert out.writes == [b"1\n", b"2\n3\n"]
    lines.info(b"4")
    assert out.writes[-1] == b"4\n"


async def test_trouble_waits_for_nobody_and_keeps_its_place() -> None:
    lines = Lines(out := Out())  # type: ignore[arg-type]
    lines.info(b"1")
    lines.info(b"2")
    lines.error(b"3")
    assert out.writes == [b"1\n", b"2\n3\n"]


def test_without_a_loop_nothing_is_held() -> None:
    lines = Lines(out := Out())  # type: ignore[arg-type]
    thread = threading.Thread(target=lambda: [lines.info(b"%d" % number) for number in range(3)])
    thread.start()
    thread.join()
    assert b"".join(out.writes) == b"0\n1\n2\n"


def test_a_fault_took_seconds_to_log_and_showed_the_secrets_around_it() -> None:
    def fail(password: str) -> None:
        raise RuntimeError("broken")

    try:
        fail("hunter2")
    except RuntimeError as fault:
        line = CONSOLE(None, "error", {"event": "turn failed", "exc_info": fault})
    assert "RuntimeError: broken" in line
    assert "hunter2" not in line.replace('fail("hunter2")', "")
