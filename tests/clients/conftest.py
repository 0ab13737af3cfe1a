"""A server that several modules of this folder share, over a real PostgreSQL that may be changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.running import Server
from fix_servers import Database
from fix_servers import Server as Postgres


@pytest.fixture(scope="session")
def shop(postgres_server: Postgres) -> Iterator[Database]:
    with postgres_server.database() as database:
        for table in ("orders", "refunds"):
            database.run(f"create table {table} (id int primary key, customer int)")
        yield database


@pytest.fixture(scope="session")
def shop_server(tmp_path_factory: pytest.TempPathFactory, shop: Database) -> Iterator[Server]:
    """Two instances that are the same database, `shop` and `secret`; no model."""
    with Server(tmp_path_factory.mktemp("shop")) as running:
        for name in ("shop", "secret"):
            running.dbmedic("instance", "add", name, shop.url, "--write-url", shop.url, "--no-check")
        yield running


@pytest.fixture(scope="session")
def shop_key(shop_server: Server) -> str:
    return shop_server.key()


@pytest.fixture(scope="session")
def approver(shop_server: Server) -> str:
    """A key that may decide, and nothing else."""
    return shop_server.key("ops", "--right", "approve")
