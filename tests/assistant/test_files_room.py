"""How much one person may upload, and what a crash leaves behind."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.files import Files, StoredFile
from dbmedic.core.errors import TooLarge
from dbmedic.core.values import Caller
from dbmedic.store.sqlite import open_store

ANN, BOB = (Caller(account=LOCAL.account, user="u", key="k", app="a", end_user=name) for name in ("ann", "bob"))


@contextlib.asynccontextmanager
async def files_in(folder: Path, quota_bytes: int) -> AsyncIterator[Files]:
    store = await open_store(None)
    files = Files(store, folder, now=lambda: datetime.now(UTC), new_id=lambda: str(uuid4()), quota_bytes=quota_bytes)
    try:
        yield files
    finally:
        await files.close()
        await store.close()


async def kept(files: Files, caller: Caller, size: int) -> StoredFile:
    incoming = await files.incoming()
    try:
        await incoming.write(b"x" * size)
        return await files.keep(incoming, caller, "a.log", "text/plain")
    finally:
        await incoming.drop()


async def test_one_person_has_so_much_room_and_no_more(tmp_path: Path) -> None:
    async with files_in(tmp_path, 100) as files:
        await kept(files, ANN, 60)
        with pytest.raises(TooLarge, match="all files of this user together: 110 is over the limit of 100"):
            await kept(files, ANN, 50)
        await kept(files, ANN, 40)
        await kept(files, BOB, 100)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 200, "what was refused is gone"


async def test_what_was_arriving_when_the_server_died_is_removed(tmp_path: Path) -> None:
    async with files_in(tmp_path, 1000) as files:
        whole = await kept(files, ANN, 10)
        (tmp_path / f"{uuid4()}.part").write_bytes(b"half")
        assert len(list(tmp_path.iterdir())) == 2
        assert await files.recover() == 1
        assert [path.name for path in tmp_path.iterdir()] == [whole.id]
        assert await files.recover() == 0
