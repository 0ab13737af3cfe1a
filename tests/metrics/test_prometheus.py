"""Prometheus over real HTTP: which host is meant, which volume, and what every failure says."""

import pytest

from dbmedic.core.errors import Unmeasured
from dbmedic.metrics.prometheus import Prometheus, holding, server_of
from metrics.known import Known, instance
from metrics.prometheus_server import answering, node

GIB = 1 << 30
DB1 = node("db1:9100", ("/", 50 * GIB, 40 * GIB, 38 * GIB), ("/data", 100 * GIB, 77 * GIB, 72 * GIB))
DB2 = node("db2:9100", ("/", 200 * GIB, 20 * GIB, 20 * GIB), busy=0.85, cores=2)


@pytest.fixture
async def source():
    source = Prometheus(timeout_s=0.5)
    yield source
    await source.close()


async def test_disk_counts_as_df_does(source):
    async with answering(*DB1) as server:
        rows = await source.rows("disk", instance(metrics_url=server.url), Known())
    assert rows == [
        {
            "volume": "/",
            "used": 10 * GIB,
            "total": 50 * GIB,
            "free": 38 * GIB,
            "ratio": 10 / 48,
            "source": "prometheus db1:9100",
        },
        {
            "volume": "/data",
            "used": 23 * GIB,
            "total": 100 * GIB,
            "free": 72 * GIB,
            "ratio": 23 / 95,
            "source": "prometheus db1:9100",
        },
    ]


@pytest.mark.parametrize(
    ("query", "data_directory", "volumes"),
    [
        ("", "/data/pg/15", ["/data"]),
        ("", "/database", ["/"]),
        ("", None, ["/", "/data"]),
        ("?mountpoint=/data", "/elsewhere", ["/data"]),
        ("?instance=db2:9100&job=node", "/data/pg", ["/"]),
    ],
)
async def test_the_volume_that_holds_the_data_is_chosen(source, query, data_directory, volumes):
    async with answering(*DB1, *DB2) as server:
        watched = instance(metrics_url=f"{server.url}/{query}")
        rows = await source.rows("disk", watched, Known(data_directory=data_directory))
    assert [row["volume"] for row in rows] == volumes


async def test_cpu_and_memory_are_those_of_the_host(source):
    async with answering(*DB1, *DB2) as server:
        second = instance(url="mysql://u@db2:3306/x", metrics_url=server.url)
        (cpu,) = await source.rows("cpu", second, Known())
        (memory,) = await source.rows("memory", second, Known())
    assert cpu == {"ratio": pytest.approx(0.85), "cores": 2, "source": "prometheus db2:9100"}
    assert memory == {
        "total": 16 * GIB,
        "available": 4 * GIB,
        "ratio": 0.75,
        "swap_used": GIB,
        "swap_in": 25 * 4096,
        "source": "prometheus db2:9100",
    }


async def test_several_hosts_and_none_named_like_the_databases_is_asked_back(source):
    async with answering(*DB1, *DB2) as server:
        watched = instance(url="postgresql://10.0.0.7/shop", metrics_url=server.url)
        with pytest.raises(Unmeasured) as cannot:
            await source.rows("cpu", watched, Known())
    assert "knows 2 hosts (db1:9100, db2:9100) and none of them is 10.0.0.7; add ?instance=…" in str(cannot.value)


async def test_the_only_host_is_meant_whatever_its_name(source):
    async with answering(*DB2) as server:
        (row,) = await source.rows("cpu", instance(metrics_url=server.url), Known())
    assert row["source"] == "prometheus db2:9100"


@pytest.mark.parametrize("engine", ["postgres", "mysql", "mariadb"])
async def test_without_node_exporter_the_databases_exporter_is_counted_of_the_allocated_size(source, engine):
    series = "pg_database_size_bytes" if engine == "postgres" else "mysql_info_schema_innodb_tablespace_file_size_bytes"
    sizes = [(series, {"instance": "db1:9187", "datname": name}, 2 * GIB) for name in ("shop", "crm")]
    async with answering(*sizes) as server:
        watched = instance(metrics_url=server.url, storage_bytes=10 * GIB)
        (row,) = await source.rows("disk", watched, Known(engine=engine))
        with pytest.raises(Unmeasured, match=r"knows 0 hosts \(none\)"):
            await source.rows("disk", instance(metrics_url=server.url), Known(engine=engine))
    assert (row["used"], row["total"], row["ratio"]) == (4 * GIB, 10 * GIB, 0.4)
    assert row["source"] == "prometheus db1:9187"


async def test_the_account_of_the_url_signs_in_and_is_never_said(source):
    async with answering(*DB1) as server:
        server.account = "reader:pass word"
        signed = server.url.replace("//", "//reader:pass%20word@")
        assert await source.rows("cpu", instance(metrics_url=signed), Known())
        with pytest.raises(Unmeasured, match="refused the account of the metrics URL") as cannot:
            await source.rows("cpu", instance(metrics_url=signed.replace("pass%20word", "secret")), Known())
    assert cannot.value.reason == "permission"
    assert "secret" not in str(cannot.value)


async def test_a_server_behind_a_path_is_found(source):
    async with answering(*DB1) as server:
        assert await source.rows("cpu", instance(metrics_url=f"{server.url}/behind/a/proxy/"), Known())


@pytest.mark.parametrize(
    ("trouble", "reason", "sentence"),
    [
        ({"delay_s": 3}, "timeout", r"did not answer within 0.5 s"),
        ({"body": b"<html>It works!</html>"}, "no_host_source", r"answered 200: JSON is malformed"),
        ({"body": b'{"status":"error","error":"query timed out"}'}, "no_host_source", r"answered 200: query timed out"),
        ({"body": b'{"status":"success"}'}, "no_host_source", r"answered 200: success"),
        (
            {"body": b'{"status":"success","data":{"resultType":"matrix","result":[]}}'},
            "no_host_source",
            r"a matrix where a vector was asked",
        ),
    ],
)
async def test_what_fails_is_one_sentence(source, trouble, reason, sentence):
    async with answering(*DB1) as server:
        for name, value in trouble.items():
            setattr(server, name, value)
        with pytest.raises(Unmeasured, match=sentence) as cannot:
            await source.rows("cpu", instance(metrics_url=server.url), Known())
    assert cannot.value.reason == reason
    assert str(cannot.value).startswith("Prometheus at 127.0.0.1:")


@pytest.mark.parametrize(
    ("query", "what", "sentence"),
    [
        ("?instance=nope", "cpu", r'has no cpu of {instance="nope"} in the last five minutes'),
        ("?instance=nope", "memory", r'has no memory of {instance="nope"}'),
        ("?instance=nope", "disk", r'has no disk of {instance="nope"}'),
        ("?mountpoint=/pgdata", "disk", r"knows no mount point /pgdata; it knows /, /data"),
        ("?a-b=1", "cpu", r"answered 400: parse error: unexpected character"),
    ],
)
async def test_what_is_not_there_is_named(source, query, what, sentence):
    async with answering(*DB1) as server:
        with pytest.raises(Unmeasured, match=sentence):
            await source.rows(what, instance(metrics_url=f"{server.url}/{query}"), Known())


async def test_nobody_there_is_said(source):
    with pytest.raises(Unmeasured, match=r"Prometheus at 127.0.0.1:9 could not be reached"):
        await source.rows("cpu", instance(metrics_url="http://127.0.0.1:9"), Known())


async def test_numbers_that_are_none_are_left_out(source):
    broken = [(name, labels, float("nan") if "Available" in name else value) for name, labels, value in DB1]
    async with answering(*broken) as server:
        with pytest.raises(Unmeasured, match="has no memory"):
            await source.rows("memory", instance(metrics_url=server.url), Known())


async def test_a_label_cannot_end_its_quotes(source):
    async with answering(*DB1) as server:
        with pytest.raises(Unmeasured):
            await source.rows("cpu", instance(metrics_url=f'{server.url}/?instance=x"}} or vector(1)'), Known())
        assert server.queries
        assert all('instance="x\\"} or vector(1)"' in query for query in server.queries)


def test_a_url_is_taken_apart():
    server = server_of("https://u:p@prom.example/prefix/?instance=db1:9100&mountpoint=/data&job=node")
    assert server.api == "https://u:p@prom.example/prefix/api/v1/query"
    assert (server.labels, server.mountpoint) == ({"instance": "db1:9100", "job": "node"}, "/data")
    assert server.place == "Prometheus at prom.example:443"


def test_the_longest_mount_point_above_a_folder_holds_it():
    rows = [{"volume": name} for name in ("/", "/data", "/data/pg", "/database")]
    assert holding(rows, "/data/pg/15/main") == [{"volume": "/data/pg"}]
    assert holding(rows, "/data/pg") == [{"volume": "/data/pg"}]
    assert holding(rows, "/dat") == [{"volume": "/"}]
    assert holding(rows, None) == rows
