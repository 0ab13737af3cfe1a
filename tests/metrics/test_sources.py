"""What every metric source promises, whatever it asks."""

import pytest

from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import REASONS
from dbmedic.metrics import ORDER, open_metrics
from dbmedic.metrics.allocated import Allocated
from dbmedic.metrics.local import Local
from dbmedic.metrics.prometheus import Prometheus
from metrics.known import Known, instance
from metrics.prometheus_server import answering, node

GIB = 1 << 30
FAMILIES = {
    "disk": {"volume", "used", "total", "free", "ratio", "source"},
    "cpu": {"ratio", "cores", "source"},
    "memory": {"total", "available", "ratio", "swap_in", "source"},
}


@pytest.fixture(params=["local", "allocated", "prometheus"])
async def known(request, tmp_path):
    """(source, an instance it knows, its engine, the families it knows)."""
    here = Known({"pg_database": [{"used": 3 * GIB, "hidden": 0}]}, local=True, data_directory=str(tmp_path))
    if request.param == "prometheus":
        async with answering(*node("db1:9100", ("/data", 100 * GIB, 77 * GIB, 72 * GIB))) as server:
            yield Prometheus(), instance(metrics_url=server.url), here, set(FAMILIES)
    elif request.param == "allocated":
        yield Allocated(), instance(storage_bytes=10 * GIB), here, {"disk"}
    else:
        yield Local(sample_s=0.05), instance(), here, set(FAMILIES)


@pytest.mark.parametrize("what", FAMILIES)
async def test_rows_have_the_shape_of_the_port(known, what):
    source, watched, engine, families = known
    if what not in families:
        with pytest.raises(Unmeasured) as cannot:
            await source.rows(what, watched, engine)
        assert cannot.value.reason == "no_host_source"
    else:
        rows = await source.rows(what, watched, engine)
        assert rows
        for row in rows:
            assert row.keys() >= FAMILIES[what]
            assert 0 <= row["ratio"] <= 1
            assert row["source"]
        if what == "disk":
            assert all(0 <= row["used"] <= row["total"] and 0 <= row["free"] <= row["total"] for row in rows)
            assert all(type(row[name]) is int for row in rows for name in ("used", "total", "free"))
        if what == "memory":
            assert all(row["ratio"] == pytest.approx(1 - row["available"] / row["total"]) for row in rows)
    await source.close()
    await source.close()


async def test_what_nobody_measures_is_said(known):
    source, watched, engine, _ = known
    with pytest.raises(Unmeasured):
        await source.rows("moon phase", watched, engine)
    await source.close()


async def test_an_instance_that_a_source_was_not_told_about_is_not_measured(known):
    source, _, _, _ = known
    for what in FAMILIES:
        with pytest.raises(Unmeasured) as cannot:
            await source.rows(what, instance(), Known())
        assert cannot.value.reason in REASONS
    await source.close()


async def test_the_first_that_knows_wins(tmp_path):
    assert ORDER == ("prometheus", "allocated", "local")
    engine = Known({"pg_database": [{"used": GIB, "hidden": 0}]}, local=True, data_directory=str(tmp_path))
    metrics = open_metrics()
    async with answering(*node("db1:9100", ("/data", 100 * GIB, 77 * GIB, 72 * GIB))) as server:
        for fields, source in (
            ({"metrics_url": server.url, "storage_bytes": 9 * GIB}, "prometheus db1:9100"),
            ({"storage_bytes": 9 * GIB}, "allocated"),
            ({}, "host"),
        ):
            (row,) = await metrics.rows("disk", instance(**fields), engine)
            assert row["source"] == source
        await metrics.close()


async def test_a_source_that_fails_gives_way_to_the_next(tmp_path):
    engine = Known(local=True, data_directory=str(tmp_path))
    metrics = open_metrics()
    (row,) = await metrics.rows("memory", instance(metrics_url="http://127.0.0.1:9/"), engine)
    assert row["source"] == "host"
    await metrics.close()


async def test_when_nobody_knows_the_disk_the_three_ways_are_named():
    metrics = open_metrics()
    with pytest.raises(Unmeasured) as cannot:
        await metrics.rows("disk", instance(), Known())
    assert cannot.value.reason == "no_host_source"
    for way in ("on the database's host", "--storage", "--metrics"):
        assert way in str(cannot.value)
    with pytest.raises(Unmeasured) as cannot:
        await metrics.rows("cpu", instance(), Known())
    assert "--storage" not in str(cannot.value)
    await metrics.close()


async def test_a_reason_nearer_than_nobody_knows_is_kept():
    metrics = open_metrics()
    with pytest.raises(Unmeasured) as cannot:
        await metrics.rows("disk", instance(), Known(local=True))
    assert (cannot.value.reason, cannot.value.grant) == ("permission", 'GRANT pg_monitor TO "watcher"')
    with pytest.raises(Unmeasured, match=r"Prometheus at 127.0.0.1:9 could not be reached"):
        await metrics.rows("disk", instance(metrics_url="http://u:secret@127.0.0.1:9/"), Known())
    await metrics.close()
