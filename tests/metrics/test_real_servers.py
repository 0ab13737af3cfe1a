"""The sources over real servers: what they say is what the server's own files say."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from dbmedic.metrics import open_metrics
from dbmedic.metrics.allocated import Allocated

GIB = 1 << 30


async def disk(instance: Instance, source=None, **fields):
    instance = msgspec.structs.replace(instance, **fields)
    engine, metrics = open_engine(instance), source or open_metrics()
    try:
        (row,) = await metrics.rows("disk", instance, engine)
        return row
    finally:
        await engine.close()
        await metrics.close()


def on_disk(folder: Path, *, but: Sequence[str] = ()) -> int:
    """Bytes of all files, as `du --apparent-size` counts them."""
    return sum(
        path.stat().st_size for path in folder.rglob("*") if path.is_file() and not any(b in str(path) for b in but)
    )


async def test_postgres_fills_what_its_files_fill(postgres, postgres_server):
    postgres.run("create table t as select repeat('x', 500) as x from generate_series(1, 40000)", "checkpoint")
    row = await disk(postgres.instance, storage_bytes=10 * GIB)
    assert (row["source"], row["total"]) == ("allocated", 10 * GIB)
    if postgres_server.folder is not None:
        assert row["used"] == pytest.approx(on_disk(postgres_server.folder / "data"), rel=0.1)


async def test_mariadb_fills_what_its_files_fill(mariadb, mariadb_server):
    mariadb.run("create table t (x varchar(500))", "insert into t select repeat('x', 500) from seq_1_to_40000")
    row = await disk(mariadb.instance, storage_bytes=10 * GIB)
    assert row["total"] == 10 * GIB
    if mariadb_server.folder is not None:
        files = on_disk(mariadb_server.folder / "data", but=["aria", "/performance_schema/"])
        assert row["used"] == pytest.approx(files, rel=0.1)


@pytest.mark.parametrize("server", ["postgres", "mariadb"])
async def test_a_server_on_this_machine_is_measured_by_df(server, request):
    database = request.getfixturevalue(server)
    if request.getfixturevalue(f"{server}_server").folder is None:
        pytest.skip("the server may run elsewhere")
    row = await disk(database.instance)
    assert (row["source"], row["volume"]) == ("host", "/")
    assert "data" in row["holds"]


async def test_a_role_without_rights_is_told_the_grant(postgres):
    postgres.run(
        "drop role if exists m_plain",
        "create role m_plain login password 'pw'",
        "drop database if exists m_closed",
        "create database m_closed",
        "revoke connect on database m_closed from public",
    )
    try:
        with pytest.raises(Unmeasured, match=r"m_plain may not see the sizes of 1 databases") as cannot:
            await disk(postgres.as_role("m_plain", "pw"), Allocated(), storage_bytes=GIB)
        assert (cannot.value.reason, cannot.value.grant) == ("permission", 'GRANT pg_monitor TO "m_plain"')
        postgres.run("grant connect on database m_closed to public")
        row = await disk(postgres.as_role("m_plain", "pw"), Allocated(), storage_bytes=GIB)
        assert row["source"] == "allocated, without WAL"
    finally:
        postgres.run("drop database m_closed", "drop role m_plain")
