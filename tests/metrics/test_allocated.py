"""The allocated size and the engine's own: on real servers, and where an account may not see."""

from pathlib import Path

import apsw
import pytest

from dbmedic.core.errors import Denied, Unmeasured
from dbmedic.engines import open_engine
from dbmedic.metrics.allocated import Allocated, statements
from metrics.known import Known, instance

GIB = 1 << 30
SHOWN = {"pg_database": [{"used": 3 * GIB, "hidden": 0}], "pg_ls_waldir": [{"more": GIB}]}


async def disk(engine, **fields):
    (row,) = await Allocated().rows("disk", instance(**({"storage_bytes": 10 * GIB} | fields)), engine)
    return row


async def test_used_is_databases_and_wal():
    assert await disk(Known(SHOWN)) == {
        "volume": "allocated storage",
        "holds": "data, log",
        "used": 4 * GIB,
        "total": 10 * GIB,
        "free": 6 * GIB,
        "ratio": 0.4,
        "source": "allocated",
    }


async def test_wal_that_may_not_be_seen_is_said():
    row = await disk(Known(SHOWN | {"pg_ls_waldir": Denied("permission denied for function pg_ls_waldir")}))
    assert (row["used"], row["source"], row["holds"]) == (3 * GIB, "allocated, without WAL", "data")


async def test_binary_logs_are_added_up():
    logs = [{"Log_name": f"bin.{n}", "File_size": GIB} for n in range(3)]
    row = await disk(Known({"tablespaces": [{"used": 2 * GIB, "hidden": 0}], "binary logs": logs}, engine="mysql"))
    assert row["used"] == 5 * GIB


async def test_more_than_was_allocated_is_not_hidden():
    row = await disk(Known(SHOWN), storage_bytes=2 * GIB)
    assert (row["ratio"], row["free"]) == (2, 0)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"pg_database": [{"used": GIB, "hidden": 2}]}, "may not see the sizes of 2 databases"),
        ({"pg_database": [{"used": None, "hidden": 0}]}, "may not see the sizes of tablespaces"),
        ({"pg_database": Denied("permission denied")}, "may not see sizes: permission denied"),
    ],
)
async def test_a_size_that_would_be_too_small_is_not_given(answers, sentence):
    with pytest.raises(Unmeasured, match=sentence) as cannot:
        await disk(Known(answers))
    assert (cannot.value.reason, cannot.value.grant) == ("permission", 'GRANT pg_monitor TO "watcher"')


async def test_without_a_size_at_registration_there_is_none():
    with pytest.raises(Unmeasured, match=r"no allocated size is registered for rm-1"):
        await disk(Known(SHOWN), storage_bytes=None)


async def test_an_engine_that_tells_no_sizes_is_said():
    with pytest.raises(Unmeasured, match=r"a redis server does not tell"):
        await disk(Known(engine="redis"))


async def test_sqlite_is_its_pages_and_its_write_ahead_log(tmp_path):
    path = tmp_path / "shop.db"
    writer = apsw.Connection(str(path))
    for statement in ("pragma journal_mode=wal", "create table t(x)", "insert into t values (zeroblob(300000))"):
        list(writer.execute(statement))
    watched = instance(url=f"sqlite:///{path}", storage_bytes=GIB)
    engine = open_engine(watched)
    (row,) = await Allocated().rows("disk", watched, engine)
    log_bytes = Path(f"{path}-wal").stat().st_size
    assert log_bytes > 300_000
    ((pages,),) = writer.execute("pragma page_count")
    assert row["used"] == pages * 4096 + log_bytes
    await engine.close()
    writer.close()


def test_every_engine_says_how_it_is_asked():
    for engine, said in statements().items():
        assert said["used"], engine
        assert engine == "sqlite" or {"more", "left_out", "grant"} <= said.keys()
