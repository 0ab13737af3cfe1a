"""Where the bytes lie and what grows, on a real server."""

from __future__ import annotations

from pathlib import Path

import apsw

from checks.proving import heard, load, sessions
from dbmedic.core.values import Instance, Measure
from fix_servers import Database


def parts(measures: dict[str, Measure]) -> dict[tuple[str, str], Measure]:
    return {(one.values["kind"], one.values["name"]): one for one in measures.values()}


async def test_the_table_that_grows_is_named_with_its_rate(postgres: Database) -> None:
    postgres.run("create table log(id serial, note text)", "create table still(id int, note text)")
    postgres.run("insert into still select i, repeat('x', 500) from generate_series(1, 4000) i")
    async with load(postgres, ["insert into log(note) select repeat('x', 500) from generate_series(1, 500)"]):
        said = await heard(["disk-breakdown"], postgres.instance, window_s=1)
    found = parts(said.measures)
    assert found["table", "public.log"].values["growth"] > 2**20
    assert found["table", "public.still"].values["growth"] == 0
    assert found["table", "public.still"].values["size"] > 2_000_000
    assert found["database", postgres.name].values["growth"] > 2**20
    assert found["wal", "pg_wal"].values["size"] > 2**20
    whole = sum(one.values["share"] for (kind, _), one in found.items() if kind != "table")
    assert abs(whole - 1) < 0.001


async def test_sizes_are_told_while_somebody_holds_an_exclusive_lock(postgres: Database) -> None:
    postgres.run("create table big(id int)", "insert into big select generate_series(1, 50000)", "vacuum big")
    async with sessions(postgres, [("begin", "lock table big in access exclusive mode")]):
        said = await heard(["disk-breakdown"], postgres.instance)
    assert said.checked["disk-breakdown"].level == "normal"
    assert parts(said.measures)["table", "public.big"].values["size"] > 10**6


async def test_on_mariadb_and_sqlite(mariadb: Database, tmp_path: Path) -> None:
    mariadb.run("create table big(id int primary key)", "insert into big select seq from seq_1_to_50000")
    found = parts((await heard(["disk-breakdown"], mariadb.instance)).measures)
    assert found["table", f"{mariadb.name}.big"].values["size"] > 10**6
    connection = apsw.Connection(str(tmp_path / "a.db"))
    connection.execute("create table t(id integer primary key, note text)")
    connection.close()
    said = await heard(["disk-breakdown"], Instance(id="file", url=f"sqlite:///{tmp_path}/a.db"))
    assert parts(said.measures)["database", "main"].values["size"] == (tmp_path / "a.db").stat().st_size
