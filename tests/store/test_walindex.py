"""The count of changes costs nothing while nothing changes, and is never behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from dbmedic.core.events import Entry, StopRequested
from dbmedic.store.sqlite import open_store

AT = datetime(2026, 1, 1, tzinfo=UTC)
OPENING = {
    "id": "t", "conversation": "c", "account": "default", "owner": "user:u", "app": None, "run": "t", "api": "dify",
    "parent": None, "now": 1,
}  # fmt: skip
CONVERSATION = {
    "id": "c", "account": "default", "owner": "user:u", "app": None, "name": "", "inputs": "{}", "api": "dify",
    "now": 1,
}  # fmt: skip
USER = {"account": "default", "now": 1}


async def test_a_change_by_this_or_another_process_is_seen_at_once(tmp_path: Path) -> None:
    ours, theirs = await open_store(tmp_path / "store.db"), await open_store(tmp_path / "store.db")
    try:
        await ours.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 1, "now": 1}))
        before = await ours.version()
        for number in range(3):
            await theirs.write(("user_put_new", {**USER, "id": f"t{number}", "name": f"t{number}"}))
            assert await ours.version() == before + 1
            await ours.write(("user_put_new", {**USER, "id": f"o{number}", "name": f"o{number}"}))
            assert await ours.version() == before + 2
            before += 2
    finally:
        await ours.close()
        await theirs.close()


async def test_a_log_that_grows_lets_nothing_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await open_store(tmp_path / "store.db")
    try:
        await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 1, "now": 1}))
        await store.append([], ("open_conversation", CONVERSATION), ("open_turn", OPENING))
        before = await store.version()
        read = store.read
        names: list[str] = []

        async def counted(name: str, /, **params: object) -> object:
            names.append(name)
            return await read(name, **params)

        monkeypatch.setattr(store, "read", counted)
        for seq in range(1, 6):
            await store.append([Entry("t", seq, AT, StopRequested(by="k"))])
            assert await store.version() == before
        assert not names
        user = ("user_put_new", {**USER, "id": "u", "name": "u"})
        await store.append([Entry("t", 9, AT, StopRequested(by="k"))], user)
        assert await store.version() == before + 1
        assert names == ["version"]
    finally:
        await store.close()


async def test_another_store_of_this_process_keeps_its_locks(tmp_path: Path) -> None:
    """Closing a handle ends all locks that a process has on a file: the index is given free by the last one only."""
    stays, goes = await open_store(tmp_path / "store.db"), await open_store(tmp_path / "store.db")
    await goes.close()
    try:
        await stays.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 1, "now": 1}))
        before = await stays.version()
        await stays.write(("user_put_new", {**USER, "id": "u", "name": "u"}))
        assert await stays.version() == before + 1
    finally:
        await stays.close()
    other = apsw.Connection(str(tmp_path / "store.db"))
    assert other.execute("pragma integrity_check").get == "ok"
    other.close()
