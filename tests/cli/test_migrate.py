"""`dbmedic migrate`: every row of a data folder is in PostgreSQL afterwards, or nothing is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import pytest

from cli.conftest import Run
from clients.running import Server
from clients.test_dify_client import ANSWER, client_of, events, serving
from fix_servers import Database

Migrate: TypeAlias = Callable[[Path, str], tuple[int, str]]
"""Folder and address -> exit code, and what was printed."""


@pytest.fixture
def migrate(dbmedic: Run) -> Migrate:
    def run(data: Path, to: str) -> tuple[int, str]:
        done = dbmedic("migrate", "--to", to, "--data", str(data), "--json")
        return done.code, done.out

    return run


async def test_a_folder_that_was_in_use_goes_on_over_postgresql(
    tmp_path: Path, postgres: Database, migrate: Migrate
) -> None:
    async with serving(tmp_path, ANSWER, ANSWER) as (server, client):
        response = await asyncio.to_thread(client.create_chat_message, {}, "Is all well?", "u1", "streaming")
        conversation = (await asyncio.to_thread(lambda: list(events(response))))[0]["conversation_id"]
        code, said = await asyncio.to_thread(migrate, tmp_path, postgres.url)
        assert (code, "is served by process" in said) == (1, True)
        assert server.end() == 0
    store = apsw.Connection(str(tmp_path / "store.db"))
    store.execute("insert into settings values ('odd', 'a' || char(9) || '\\ \\N 数 ''')")
    store.execute("insert into sampled (account, instance, since, owner, until) values ('default', 'x', 1, '', 0)")
    store.execute("insert into sample_states values (1, 'k', 1, x'00ff5c6e')")
    tables = {
        name: store.execute(f'select count(*) from "{name}"').get
        for (name,) in store.execute(
            "select name from sqlite_schema where type = 'table' and name not like '%segment\\_%' escape '\\'"
        ).fetchall()
    }
    store.close()
    code, said = await asyncio.to_thread(migrate, tmp_path, postgres.url)
    assert code == 0, said
    told: dict[str, Any] = json.loads(said)
    assert {name: rows for name, rows in told["tables"].items() if rows} == {
        name: rows for name, rows in tables.items() if rows and name != "meta"
    }
    assert told["tables"]["events"] > 3
    assert postgres.run("select body from sample_states") == [(b"\x00\xff\\n",)]
    assert postgres.run("insert into sampled (account, instance, since, owner, until) values ('a', 'b', 1, '', 0) "
                        "returning id") == [(2,)]  # fmt: skip
    code, said = await asyncio.to_thread(migrate, tmp_path, postgres.url)
    assert (code, "name an empty database" in said) == (1, True)
    with Server(tmp_path, store=postgres.url) as after:
        later = client_of(after, str(client.api_key))
        listed = (await asyncio.to_thread(later.get_conversation_messages, "u1", conversation)).json()
        assert [(row["query"], row["answer"]) for row in listed["data"]] == [("Is all well?", "All is well.")]
        code, said = await asyncio.to_thread(migrate, tmp_path, postgres.url)
        assert (code, "is served by" in said) == (1, True)


def test_what_cannot_be_moved_whole_is_not_moved(tmp_path: Path, postgres: Database, migrate: Migrate) -> None:
    code, said = migrate(tmp_path, postgres.url)
    assert (code, "is not there; name the data folder" in said) == (1, True)
    assert Server(tmp_path).key()
    store = apsw.Connection(str(tmp_path / "store.db"))
    store.execute("insert into events values ('t', 1, 1, 'k', cast(x'ff' as text))")
    code, said = migrate(tmp_path, postgres.url)
    assert (code, "events holds text that is not UTF-8" in said) == (1, True)
    store.execute("delete from events")
    store.execute("insert into files values ('f', 'a', null, 'o', 'n', '', '', '', 9.5, 1)")
    store.close()
    code, said = migrate(tmp_path, postgres.url)
    assert (code, "files holds a value that PostgreSQL refuses" in said) == (1, True)
    assert postgres.run("select count(*) from accounts") == [(0,)]
