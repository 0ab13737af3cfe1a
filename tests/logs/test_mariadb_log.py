"""MariaDB's error log on a real server: its deadlocks, refused sign-ins, and the recovery after it was killed."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import asyncmy

from checks.proving import heard
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from dbmedic.logs import open_logs
from fix_servers import Database, Server, private_mariadb

SECRET = "s3cret"


async def cross(server: Server, first: int, second: int) -> None:
    parts = urlsplit(server.url)
    connection = await asyncmy.connect(
        host="127.0.0.1", port=parts.port, user=parts.username, password=parts.password, database="shop"
    )
    async with connection.cursor() as cursor:
        with contextlib.suppress(asyncmy.errors.Error):
            await cursor.execute(f"update carts set note = '{SECRET}' where id = {first}")
            await asyncio.sleep(0.3)
            await cursor.execute(f"update carts set note = '{SECRET}' where id = {second}")
    connection.close()


async def refused(server: Server) -> None:
    with contextlib.suppress(asyncmy.errors.Error):
        await asyncmy.connect(host="127.0.0.1", port=urlsplit(server.url).port, user="bob", password="wrong")


async def test_the_error_log_tells_deadlocks_and_refused_sign_ins() -> None:
    with private_mariadb("--log-error=server.err", "--innodb-print-all-deadlocks=ON", "--log-warnings=2") as server:
        server.run("create database shop", "create table shop.carts(id int primary key, note varchar(20))",
                   "insert into shop.carts values (1, 'a'), (2, 'b')")  # fmt: skip
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cross, server, 1, 2)
            tasks.start_soon(cross, server, 2, 1)
        for _ in range(12):
            await refused(server)
        watched = Instance(id="shop", url=server.url)
        ids = ["deadlock-detail", "log-auth-failures", "log-crash", "log-source", "log-error-rate", "page-corruption"]
        said = await heard(ids, watched, logs=open_logs(), window_s=0.3)
        assert {name: one.sentence for name, one in said.checked.items() if one.level == "failed"} == {}
        found = {one.check: said.measures[one.measure].values for one in said.findings}
        assert set(found) == {"deadlock-detail", "log-auth-failures"}
        assert found["deadlock-detail"]["first"] == "update carts set note = ? where id = ?"
        assert found["deadlock-detail"]["tables"] == "shop.carts"
        assert found["deadlock-detail"]["on_index"] == "PRIMARY"
        assert found["deadlock-detail"]["source"] == "server.err"
        assert found["log-auth-failures"]["user"] == "bob"
        assert SECRET not in str(said.events)


async def test_a_killed_server_is_found_by_its_recovery(mariadb: Database, tmp_path: Path) -> None:
    """The text is a real server's, killed and then hit by a segmentation fault; only its times are of now."""
    at = datetime.now(UTC) - timedelta(hours=2)
    day, clock = f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%y%m%d %H:%M:%S}"
    log = tmp_path / "server.err"
    log.write_text(
        f"{day} 0 [Note] Starting MariaDB 10.11.19-MariaDB as process 5162\n"
        f"{day} 0 [Note] InnoDB: Starting crash recovery from checkpoint LSN=44878\n"
        f"{day} 0 [Note] /usr/sbin/mariadbd: ready for connections.\n"
        "Version: '10.11.19-MariaDB'  socket: '/run/s'  port: 3306  Debian 12\n"
        f"{clock} [ERROR] /usr/sbin/mariadbd got signal 11 ;\n"
        "Sorry, we probably made a mistake, and this is a bug.\n"
        f"{day} 9 [ERROR] InnoDB: Database page corruption on disk or a failed read of file './shop/orders.ibd'\n"
        f"{day} 9 [ERROR] mariadbd: The table 'orders' is full\n"
    )
    watched = Instance(id="shop", url=mariadb.url, tags={"log": str(log)})
    said = await heard(["log-crash", "page-corruption", "log-disk-full"], watched, logs=open_logs())
    engine = open_engine(watched)
    try:
        read = await open_logs().read(watched, engine, at - timedelta(minutes=1), at + timedelta(minutes=1))
    finally:
        await engine.close()
    assert {one.check: one.level for one in said.findings} == {
        "log-crash": "error", "page-corruption": "error", "log-disk-full": "error",
    }  # fmt: skip
    crash = next(said.measures[one.measure].values for one in said.findings if one.check == "log-crash")
    assert crash["signal"] == "11"
    assert crash["recovered"] == 1
    assert read.source == "server.err"
