"""Which part of a long log is read, and how its carriers' lines look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dbmedic.core.errors import Unmeasured
from dbmedic.logs import commands
from dbmedic.logs.files import LocalFile, beside, covering, growth
from dbmedic.logs.reach import stretch

START = datetime(2026, 11, 20, tzinfo=UTC)
LINE = '{at:%Y-%m-%d %H:%M:%S} UTC [42] ERROR:  relation "t{number}" does not exist and some more words to fill a line'


def at(line: str) -> datetime:
    return datetime.fromisoformat(line[:19]).replace(tzinfo=UTC)


async def test_of_a_long_log_only_the_stretch_is_read(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("".join(LINE.format(at=START + timedelta(seconds=n), number=n) + "\n" for n in range(60_000)))
    (blob,) = await beside(path)
    read: list[int] = []
    whole = blob.read

    async def counted(offset: int, length: int) -> bytes:
        read.append(length)
        return await whole(offset, length)

    blob.read = counted  # type: ignore[method-assign]
    begin, end = START + timedelta(hours=4), START + timedelta(hours=4, minutes=10)
    piece = await stretch(blob, "postgres", begin, end, 16 * 2**20)
    times = [at(line) for _, line in piece.lines]
    assert piece.whole
    assert times[0] <= begin
    assert times[-1] >= end
    assert len(times) < 25_000
    assert sum(read) < blob.size
    few = await stretch(blob, "postgres", begin, end, 100_000)
    assert not few.whole
    assert sum(len(line) for _, line in few.lines) <= 100_000


async def test_the_files_that_hold_a_stretch_are_chosen() -> None:
    hours = [LocalFile(Path(f"{n}.log"), 3600, START + timedelta(hours=n)) for n in (3, 2, 1)]
    assert [one.name for one in covering(hours, START + timedelta(hours=1.2), START + timedelta(hours=1.8))] == [
        "2.log"
    ]
    both = covering(hours, START + timedelta(hours=1.5), START + timedelta(hours=2.5))
    assert [one.name for one in both] == ["2.log", "3.log"]
    assert growth(hours[0], hours) == 86_400


async def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(Unmeasured, match="there is no log") as missing:
        await beside(tmp_path / "absent.log")
    assert missing.value.reason == "no_log_source"
    with pytest.raises(Unmeasured, match="no name of a unit"):
        await commands.journal("--rotate", START, START, 1000)


def test_lines_of_carriers_keep_the_servers_own() -> None:
    moment, line = commands.journal_line("1795183201.250000 db1 postgres[42]: LOG:  ready: yes")
    assert (moment, line) == (datetime.fromtimestamp(1795183201.25, UTC), "LOG:  ready: yes")
    moment, line = commands.docker_line("2026-11-20T14:00:01.250000000Z 2026-11-20 14:00:01 UTC [1] LOG:  x")
    assert (moment, line) == (datetime(2026, 11, 20, 14, 0, 1, tzinfo=UTC), "2026-11-20 14:00:01 UTC [1] LOG:  x")
