"""The sampler on real servers: what it keeps, what it never keeps, and how it treats a server that does not answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import anyio
import apsw
import pytest

from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.sampler import Pace
from dbmedic.core.errors import Unreachable
from dbmedic.core.history import History
from fix_sampler import now, sampling
from fix_servers import Database, Server

HOUR = timedelta(hours=1)


async def test_it_keeps_counters_statements_sizes_and_names_of_postgres(postgres: Database) -> None:
    postgres.run(
        "create extension if not exists pg_stat_statements",
        "create table orders(id int primary key, note text)",
        "insert into orders select n, repeat('x', 300) from generate_series(1, 5000) n",
        "analyze orders",
    )
    async with sampling() as here:
        sampled = await here.begin(postgres.url)
        await here.sampler.sample(sampled)
        for _ in range(3):
            postgres.run("select count(*) from orders where note = 'secret words'")
        postgres.run("create index orders_note on orders(note)")
        await anyio.sleep(0.3)
        await here.sampler.sample(sampled)
        history = (await here.target()).history
        assert history is not None
        vitals = await history.kept("vitals", now() - HOUR, now())
        assert len(vitals) == 2
        assert vitals[1].values["throughput"][0] > 0
        assert vitals[1].values["connections"][0] >= 0
        assert vitals[1].values["cpu"] == (pytest.approx(0.33), pytest.approx(0.33))
        (statements,) = await history.kept("statements", now() - HOUR, now())
        counted = {name: values for name, values in statements.values.items() if "count(*)" in name}
        assert [values[0] for values in counted.values()] == [3.0]
        assert "secret words" not in str(statements.values)
        sizes = await history.kept("sizes", now() - HOUR, now())
        assert sizes[1].values[f"table:{postgres.name}.public.orders"][0] > 1_000_000
        assert sizes[1].values["used:/data"] == (25.0 * 2**30,)
        assert sizes[1].values[f"database:{postgres.name}"][0] > 5_000_000
        assert sizes[1].values["xids"][0] > sizes[0].values["xids"][0] - 1
        before, after = await history.states("objects", now() - HOUR, now())
        assert set(after.values) - set(before.values) == {f"index {postgres.name}.public.orders.orders_note"}
        (settings,) = await history.states("settings", now() - HOUR, now())
        assert settings.values["max_connections"] == "60"
        assert not [name for name in settings.values if "passw" in name]
        (server,) = await history.states("server", now() - HOUR, now())
        assert server.values["standby"] == "false"


async def test_it_keeps_the_same_of_mariadb(mariadb: Database) -> None:
    mariadb.run("create table orders(id int auto_increment primary key, note varchar(300)) auto_increment = 5000")
    mariadb.run("insert into orders(note) select repeat('x', 200) from seq_1_to_500")
    async with sampling() as here:
        sampled = await here.begin(mariadb.url)
        await here.sampler.sample(sampled)
        for _ in range(3):
            mariadb.run("select count(*) from orders where note = 'secret words'")
        mariadb.run("create index orders_note on orders(note)")
        await here.sampler.sample(sampled)
        history = (await here.target()).history
        assert history is not None
        vitals = await history.kept("vitals", now() - HOUR, now())
        assert vitals[1].values["throughput"][0] > 0
        (statements,) = await history.kept("statements", now() - HOUR, now())
        counted = {name: values for name, values in statements.values.items() if "count" in name.lower()}
        assert [values[0] for values in counted.values()] == [3.0], statements.values
        assert "secret words" not in str(statements.values)
        sizes = await history.kept("sizes", now() - HOUR, now())
        assert sizes[1].values[f"table:{mariadb.name}.orders"][0] > 90_000
        assert sizes[1].values[f"sequence:{mariadb.name}.orders"][0] > 5_400
        before, after = await history.states("objects", now() - HOUR, now())
        assert set(after.values) - set(before.values) == {f"index {mariadb.name}.orders.orders_note"}
        assert len(await history.states("settings", now() - HOUR, now())) == 1, "nothing was set, so nothing changed"


async def test_sqlite_has_sizes_and_names(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "shop.db"))
    connection.execute("create table orders(id integer primary key, note)")
    connection.close()
    async with sampling() as here:
        sampled = await here.begin(f"sqlite:///{tmp_path}/shop.db")
        await here.sampler.sample(sampled)
        history = (await here.target()).history
        assert history is not None
        (sizes,) = await history.kept("sizes", now() - HOUR, now())
        assert sizes.values["database:main"] == (8192.0,)
        (objects,) = await history.states("objects", now() - HOUR, now())
        assert objects.values == {"table orders": "orders"}


async def test_a_server_that_does_not_answer_is_asked_less_and_less(postgres: Database) -> None:
    async with sampling() as here:
        sampled = await here.begin("postgresql://nobody@127.0.0.1:1/none")
        for _ in range(2):
            with pytest.raises(Unreachable):
                await here.sampler.sample(sampled)
        assert sampled.failures == 2
        well = await here.begin(postgres.url, "well")
        await here.sampler.sample(well)
        assert well.failures == 0


async def test_it_follows_the_list_of_instances(postgres: Database) -> None:
    async with sampling(Pace(every_s=0.05, sizes_s=60)) as here, anyio.create_task_group() as tasks:
        tasks.start_soon(here.sampler.run)
        await here.instances.add("shop", postgres.url, LOCAL)
        history = (await here.target("shop")).history
        assert history is not None
        with anyio.fail_after(5):
            while len(await kept(history)) < 3:
                await anyio.sleep(0.05)
        await here.instances.remove("shop", LOCAL)
        await anyio.sleep(0.3)
        before = len(await kept(history))
        await anyio.sleep(0.3)
        assert len(await kept(history)) == before
        tasks.cancel_scope.cancel()


async def kept(history: History) -> list[object]:
    return list(await history.kept("vitals", now() - HOUR, now()))


async def test_redis_has_commands_memory_and_settings(redis_server: Server) -> None:
    async with sampling() as here:
        sampled = await here.begin(redis_server.url)
        await here.sampler.sample(sampled)
        await here.sampler.sample(sampled)
        history = (await here.target()).history
        assert history is not None
        vitals = await history.kept("vitals", now() - HOUR, now())
        assert vitals[1].values["throughput"][0] > 0
        sizes = await history.kept("sizes", now() - HOUR, now())
        assert sizes[0].values["memory"][0] > 100_000
        (settings,) = await history.states("settings", now() - HOUR, now())
        assert settings.values["maxmemory-policy"] == "noeviction"
        (server,) = await history.states("server", now() - HOUR, now())
        assert server.values["role"] == "master"
