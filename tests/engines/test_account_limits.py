"""The limit of connections that dbmedic's own advice gives an account: several instances live with it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from checks.proving import sessions
from dbmedic.core.errors import AccountFull
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from fix_servers import Database, Server

LIMIT = 5
"""As `engines/grants.py` advises."""


@pytest.fixture(params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """An account with the limit; its password is its name."""
    name = f"r_{secrets.token_hex(4)}"
    if database.server.engine == "postgres":
        database.run(f"create role {name} login password '{name}' connection limit {LIMIT}")
        yield name
        database.run(
            f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{name}'", f"drop role {name}"
        )
    else:
        database.run(f"create user {name}@'%' identified by '{name}' with max_user_connections {LIMIT}")
        database.run(f"grant all on *.* to {name}@'%'")
        yield name
        database.run(f"drop user {name}@'%'")


@pytest.fixture
async def engines(database: Database, role: str) -> AsyncIterator[list[Engine]]:
    """Three instances: databases of one server, with one account."""
    server = "postgres" if database.server.engine == "postgres" else "mysql"
    urls = [database.server.at(name, user=role, password=role) for name in (database.name, server, database.name)]
    urls[2] = urls[2].replace("127.0.0.1", "localhost")
    found = [open_engine(Instance(id=f"i{number}", url=url)) for number, url in enumerate(urls)]
    yield found
    for engine in found:
        await engine.close()


async def test_instances_of_one_account_stay_inside_its_limit(engines: list[Engine]) -> None:
    served = []

    async def ask(engine: Engine) -> None:
        served.append(await engine.rows("select count(*) as x from information_schema.columns"))

    for _ in range(2):  # the second time with what the first left idle
        async with anyio.create_task_group() as tasks:
            for engine in engines * 4:
                tasks.start_soon(ask, engine)
    assert len(served) == 24


async def test_an_account_with_no_connection_left_says_so_and_how_to_raise_it(
    database: Database, role: str, engines: list[Engine]
) -> None:
    theirs = Server(
        database.server.engine, database.server.at(database.name, user=role, password=role), database.server.version
    )
    async with sessions(Database(theirs, database.name), [["select 1"]] * LIMIT):
        with pytest.raises(AccountFull) as caught:
            await engines[0].rows("select 1 as x")
    more = f"ALTER ROLE {role} CONNECTION LIMIT 10" if database.server.engine == "postgres" else f"ALTER USER '{role}'@"
    assert more in str(caught.value)
