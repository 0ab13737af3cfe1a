"""A store on PostgreSQL for a test: one database for the whole run, empty again after each test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dbmedic.store.postgres import open_store
from fix_servers import Database, Server


@pytest.fixture(scope="session")
def store_database(postgres_server: Server) -> Iterator[Database]:
    """A database with the schema of this release and nothing in it."""
    database = Database(postgres_server, f"store_{secrets.token_hex(5)}")
    postgres_server.run(f"create database {database.name} encoding 'UTF8' template template0")

    async def make() -> None:
        await (await open_store(database.url)).close()

    with ThreadPoolExecutor(1) as thread:  # a test's own event loop may run in this one
        thread.submit(lambda: asyncio.run(make())).result()
    yield database
    postgres_server.run(f"drop database {database.name} with (force)")


@pytest.fixture
def store_url(store_database: Database) -> Iterator[str]:
    """The address of an empty store on PostgreSQL."""
    yield store_database.url
    found = store_database.run("select tablename from pg_tables where schemaname = 'public' and tablename <> 'meta'")
    emptied = "; ".join(f"delete from {table}" for (table,) in found)
    store_database.run(f"set session_replication_role = replica; {emptied}")
