"""What only the store on PostgreSQL has: its migrations, other processes, lost connections, what its server refuses."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from dbmedic.core.errors import BadField, FolderTaken, StoreFailed, StoreLocked, StoreTooNew
from dbmedic.core.events import AnswerGrew, Entry
from dbmedic.store.postgres import open_store
from dbmedic.store.queries import PARAMETER, migrations, queries
from fix_servers import Database

KNOWN = migrations("postgres")[-1].number


def setting(name: str, value: str = "v") -> tuple[str, dict[str, Any]]:
    return "setting_put_new", {"name": name, "value": value}


def account(id: str) -> tuple[str, dict[str, Any]]:
    return "account_put_new", {"id": id, "name": id, "max_turns": 8, "now": 1}


def grew(turn: str, seq: int) -> Entry:
    return Entry(turn, seq, datetime.now(UTC), AnswerGrew(reply=1, start=0, text="x"))


async def until(held: Any) -> None:
    limit = time.monotonic() + 10
    while not await held():
        assert time.monotonic() < limit
        await asyncio.sleep(0.01)


def test_postgresql_prepares_every_statement(store_url: str) -> None:
    refused = {}
    with psycopg.connect(store_url, autocommit=True) as connection:
        for query in queries("postgres").values():
            numbers = {name: f"${number}" for number, name in enumerate(sorted(query.params), 1)}
            sql = PARAMETER.sub(lambda found: numbers[found[1]], query.sql)  # noqa: B023 - used at once
            try:
                connection.execute(f"prepare p as {sql}; deallocate p")
            except psycopg.Error as error:
                refused[query.name] = str(error)
    assert refused == {}


async def test_stores_that_open_an_empty_database_at_once_all_succeed(postgres: Database) -> None:
    stores = await asyncio.gather(*(open_store(postgres.url) for _ in range(4)))
    await asyncio.gather(*(store.write(setting(f"s{n}")) for n, store in enumerate(stores)))
    assert [len(await stores[0].read("setting_get", name=f"s{n}")) for n in range(4)] == [1] * 4
    await asyncio.gather(*(store.close() for store in stores))


async def test_the_first_schema_is_brought_forward_while_an_old_replica_serves(postgres: Database) -> None:
    first = migrations("postgres")[0]
    postgres.run(first.sql, "update meta set value = 1 where name = 'schema_version'")
    with psycopg.connect(postgres.url, autocommit=True) as old:
        old.execute("insert into settings values ('x', 'kept')")
        store = await open_store(postgres.url)
        old.execute("insert into settings values ('y', 'also')")
        assert await store.read("setting_get", name="x") == [{"value": "kept"}]
        assert await store.read("setting_get", name="y") == [{"value": "also"}]
        await store.close()
    assert postgres.run("select value from meta where name = 'schema_version'") == [(KNOWN,)]


async def test_a_newer_schema_and_a_strangers_database_are_refused(postgres: Database) -> None:
    postgres.run("create table orders (id int)")
    with pytest.raises(StoreFailed, match="not a store of dbmedic"):
        await open_store(postgres.url)
    postgres.run("drop table orders")
    await (await open_store(postgres.url)).close()
    postgres.run("update meta set value = 99 where name = 'schema_version'")
    with pytest.raises(StoreTooNew, match=f"schema version 99, this dbmedic knows up to {KNOWN}"):
        await open_store(postgres.url)


async def test_a_server_that_is_not_there_and_a_wrong_address_are_said_without_the_password() -> None:
    with pytest.raises(StoreFailed, match=r"postgresql://eva@127\.0\.0\.1:9/x: connection") as refused:
        await open_store("postgresql://eva:secret@127.0.0.1:9/x", wait_s=0.1)
    assert "secret" not in str(refused.value)
    with pytest.raises(BadField, match="postgresql://user@host/dbmedic"):
        await open_store("postgresql://[nonsense")


async def test_a_change_by_another_process_is_heard_of(store_url: str) -> None:
    one, two = await open_store(store_url), await open_store(store_url)
    before = await two.version()
    await one.write(account("a"))
    assert await one.version() > before

    async def heard() -> bool:
        return await two.version() > before

    await until(heard)
    await one.close()
    await two.close()


async def test_a_server_alone_keeps_others_out_and_replicas_share(store_url: str) -> None:
    one, two = await open_store(store_url), await open_store(store_url)
    await one.serve(alone=True)
    with pytest.raises(FolderTaken, match="served by another dbmedic"):
        await two.serve(alone=False)
    await one.close()
    await two.serve(alone=False)
    three = await open_store(store_url)
    await three.serve(alone=False)
    with pytest.raises(FolderTaken):
        await (four := await open_store(store_url)).serve(alone=True)
    for store in (two, three, four):
        await store.close()


async def test_jobs_of_two_replicas_that_deadlock_both_happen(store_url: str) -> None:
    """Each batch touches the same rows in the other order."""
    stores = [await open_store(store_url) for _ in range(2)]
    rows = [
        {"id": f"c{n}", "account": "a", "owner": "o", "app": None, "name": "", "inputs": "", "api": "", "now": 1}
        for n in range(2)
    ]
    await stores[0].write(*(("open_conversation", row) for row in rows))
    for step in range(6):
        touches = [("touch_conversation", {"id": f"c{n}", "now": 5 + step}) for n in range(2)]
        await asyncio.gather(
            *(stores[0].write(*touches) for _ in range(4)), *(stores[1].write(*touches[::-1]) for _ in range(4))
        )
    ((row,),) = [await stores[0].read("conversation_get", id="c0", owner="o", account="a")]
    assert row["updated_at"] >= 10
    for store in stores:
        await store.close()


async def test_nothing_is_lost_or_doubled_while_connections_are_cut(store_url: str, store_database: Database) -> None:
    store = await open_store(store_url)
    done = False

    async def keep(turn: str) -> int:
        seq = 0
        while not done:
            await store.append([grew(turn, seq + 1)], setting(f"{turn}:{seq + 1}"))
            seq += 1
        return seq

    keepers = [asyncio.create_task(keep(f"t{n}")) for n in range(8)]
    for _ in range(10):
        await asyncio.sleep(0.03)
        await asyncio.to_thread(
            store_database.run,
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()",
        )
    done = True
    kept = await asyncio.gather(*keepers)
    for n, acknowledged in enumerate(kept):
        rows = await store.read("events_of_turn", turn=f"t{n}")
        assert [row["seq"] for row in rows] == list(range(1, acknowledged + 1))
        assert await store.read("setting_get", name=f"t{n}:{acknowledged}")
    assert min(kept) > 0
    await store.close()


async def test_a_lock_held_too_long_is_said_and_afterwards_it_goes_on(store_url: str) -> None:
    store = await open_store(store_url, wait_s=0.2)
    with psycopg.connect(store_url) as other:
        other.execute("lock table settings in exclusive mode")
        outcomes = await asyncio.gather(*(store.write(setting(f"n{n}")) for n in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreLocked] * 3
    await store.write(setting("n0", "after"))
    assert await store.read("setting_get", name="n0") == [{"value": "after"}]
    await store.close()


async def test_texts_with_nul_and_large_sums_go_in_and_out(store_url: str) -> None:
    store = await open_store(store_url)
    await store.write(setting("a", "x\0y 100% :name"))
    assert await store.read("setting_get", name="a") == [{"value": "x\ufffdy 100% :name"}]
    for n in range(2):
        row = {"id": f"f{n}", "account": "a", "app": None, "owner": "o", "name": "", "extension": "", "mime": "",
               "kind": "", "size": 2**61, "now": 1}  # fmt: skip
        await store.write(("file_put", row))
    assert await store.read("files_size_of", account="a", owner="o") == [{"size": 2**62}]
    await store.close()


async def test_words_are_found_rare_ones_and_headings_first(store_url: str) -> None:
    store = await open_store(store_url)
    kept = {"id": "d", "account": "a", "name": "D", "description": "", "settings": "{}", "now": 1}
    ((dataset,),) = await store.write(("dataset_put_new", kept))
    assert isinstance(dataset["number"], int)
    document = {"id": "doc", "dataset": "d", "batch": "b", "name": "n", "words": "", "settings": "{}", "digest": "x",
                "chars": 1, "now": 1, "details": "{}"}  # fmt: skip
    await store.write(("document_put", document))
    texts = {"s1": ("d1_锁表", "d1_wal d1_lock"), "s2": ("", "d1_wal d1_wal d1_o'brien"), "s3": ("", "d1_wal d1_锁表")}
    for position, (id, (title, body)) in enumerate(texts.items()):
        segment = {"id": id, "document": "doc", "dataset": "d", "position": position, "heading": "", "text": id,
                   "keywords": "[]", "staged": 0, "digest": "", "answer": None, "now": 1}  # fmt: skip
        await store.write(("segment_put", segment), ("words_put", {"id": id, "title": title, "body": body}))

    async def found(*words: str) -> list[str]:
        match = "{title body}: (" + " OR ".join(f'"{word}"' for word in words) + ")"
        rows = await store.read("words_search", match=match, limit=10)
        within = await store.read("words_search_within", match=match, documents='["doc"]', limit=10)
        assert [row["id"] for row in within] == [row["id"] for row in rows]
        return [row["id"] for row in rows]

    assert await found("d1_锁表") == ["s1", "s3"]
    assert await found("d1_wal", "d1_o'brien") == ["s2", "s1", "s3"]
    assert await found("d1_nothing") == []
    known = await store.read("words_known", words='["d1_wal", "d1_lock", "d1_nothing"]')
    assert {row["term"]: row["rows"] for row in known} == {"d1_wal": 3, "d1_lock": 1}
    await store.write(("words_delete_of_segments", {"document": "doc", "ids": '["s1"]'}))
    assert await found("d1_锁表") == ["s3"]
    await store.close()
