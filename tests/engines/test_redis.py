"""The Redis engine: what it tells is true, what it sends only reads, and no secret and no value gets out of it."""

from __future__ import annotations

import contextlib
import shlex
import threading
import time
from collections.abc import AsyncIterator

import anyio
import pytest

from checks.proving import heard
from dbmedic.cli import servers
from dbmedic.core.errors import (
    BadField,
    Denied,
    LockBlocked,
    SignInFailed,
    StatementFailed,
    Unreachable,
    WriteRefused,
)
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from dbmedic.engines.grants import missing, template
from dbmedic.engines.redis_session import Place, RedisSession
from dbmedic.engines.redis_tables import COLUMNS, acl_users, clients, info, slow_keys, slowlog
from fix_servers import Server, private_redis

PASSWORD = "S3cret-word"


@pytest.fixture
async def engine(redis: Server) -> AsyncIterator[Engine]:
    opened = open_engine(Instance(id="x", url=redis.url))
    yield opened
    await opened.close()


async def opened(url: str, sql: str) -> list[dict[str, object]]:
    engine = open_engine(Instance(id="x", url=url))
    try:
        return await engine.rows(sql)
    finally:
        await engine.close()


def account(server: Server, *rules: str) -> str:
    """The URL of a fresh account with the rules."""
    server.run("ACL DELUSER dbmedic", f"ACL SETUSER dbmedic on '>{PASSWORD}' {' '.join(rules)}")
    return server.at("0", user="dbmedic", password=PASSWORD)


async def test_facts_are_the_servers_own(engine: Engine, redis: Server) -> None:
    facts = await engine.facts()
    assert (facts.engine, facts.role, facts.database, facts.standby) == ("redis", "default", "0", False)
    assert ".".join(map(str, facts.version)) == redis.version
    assert facts.started_at is not None
    assert facts.local
    assert facts.data_directory == redis.run("CONFIG GET dir")[0][0][1]
    assert missing(facts) == []


@pytest.mark.parametrize("table", COLUMNS)
async def test_every_table_has_its_columns(engine: Engine, table: str) -> None:
    names = ", ".join(f'"{name}"' for name in COLUMNS[table])
    await engine.rows(f"select {names} from {table}")


async def test_a_statement_joins_counts_and_takes_parameters(engine: Engine, redis: Server) -> None:
    redis.run("SET a 1", "SET b 2 EX 100", "HSET h f v")
    [row] = await engine.rows(
        "select k.keys, k.expires, i.redis_version as version from keyspace k, info i where k.keys >= %(least)s",
        {"least": 3},
    )
    assert row == {"keys": 3, "expires": 1, "version": redis.version}
    kinds = await engine.rows('select "key", type from scanned_keys order by 1', max_rows=2)
    assert kinds == [{"key": "a", "type": "string"}, {"key": "b", "type": "string"}]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into info values (1)", "attach ':memory:' as x", "pragma writable_schema = 1", "drop table info",
        "select load_extension('x')", "select 1; select 2", "create table x(a)", "CONFIG SET maxmemory 1", "FLUSHALL",
    ],
)  # fmt: skip
async def test_what_does_more_than_read_is_refused(engine: Engine, redis: Server, sql: str) -> None:
    redis.run("SET a 1")
    with pytest.raises((WriteRefused, StatementFailed)):
        await engine.rows(sql)
    assert redis.run("DBSIZE") == [(1,)]


@pytest.mark.parametrize(
    "command",
    ["GET a", "KEYS *", "MONITOR", "DEBUG SLEEP 0", "CONFIG GET *", "CONFIG SET maxmemory 1", "FLUSHALL",
     "ACL SETUSER x", "CLIENT KILL ID 1", "SLOWLOG RESET", "EVAL 'return 1' 0", "HGETALL h", "SHUTDOWN"],
)  # fmt: skip
async def test_commands_off_the_list_are_never_sent(redis: Server, command: str) -> None:
    session = await RedisSession.open(Place.of(redis.url))
    before = redis.run("CONFIG RESETSTAT", "INFO commandstats")[0][0]
    with pytest.raises(WriteRefused):
        await session.ask(shlex.split(command))
    await session.close()
    name = command.split()[0].lower()
    after = str(redis.run("INFO commandstats")[0][0])
    assert f"cmdstat_{name}:" not in after.replace(str(before), "")


async def test_the_documented_account_sees_all_and_reads_no_value(redis: Server) -> None:
    import redis as client

    redis.run(*(text.replace("…", PASSWORD) for text in template("redis", "explain")), "SET secret value")
    url = redis.at("0", user="dbmedic", password=PASSWORD)
    said = await heard(["rd-memory", "rd-bigkeys", "rd-slowlog", "rd-auth", "conn-usage"], Instance(id="x", url=url))
    assert {one.level for one in said.checked.values()} <= {"normal", "warning"}
    engine = open_engine(Instance(id="x", url=url))
    assert missing(await engine.facts()) == []
    await engine.close()
    with client.Redis.from_url(url) as there, pytest.raises(client.exceptions.NoPermissionError):
        there.get("secret")
    redis.run("ACL DELUSER dbmedic")


async def test_a_missing_right_is_named_with_the_rule_that_gives_it(redis: Server) -> None:
    url = account(redis, "+info", "+ping")
    for sql, rule in (
        ("select * from slowlog", "+slowlog|get"),
        ("select * from config", "+config|get"),
        ("select * from acl_users", "+acl|list"),
    ):
        with pytest.raises(Denied) as denied:
            await opened(url, sql)
        assert denied.value.grant == f"ACL SETUSER dbmedic {rule}"
        redis.run(denied.value.grant)
        await opened(url, sql)
    said = await heard(["rd-bigkeys"], Instance(id="x", url=url))
    assert said.checked["rd-bigkeys"].reason == "permission"
    assert said.checked["rd-bigkeys"].grant == "ACL SETUSER dbmedic +dbsize"
    redis.run("ACL DELUSER dbmedic")


async def test_secrets_and_values_stay_where_they_are(engine: Engine, redis: Server) -> None:
    account(redis, "+info", "~*")
    redis.run("CONFIG SET slowlog-log-slower-than 0", f"SET token {PASSWORD}")
    for table in COLUMNS:
        rows = await engine.rows(f"select * from {table}")
        assert PASSWORD not in str(rows)
        assert "#" not in str([row for row in rows if table == "acl_users"])
    redis.run("ACL DELUSER dbmedic")


async def test_a_wrong_password_is_said_without_it(redis: Server) -> None:
    with pytest.raises(SignInFailed) as failed:
        await opened(redis.at("0", user="dbmedic", password=PASSWORD), "select * from info")
    assert PASSWORD not in str(failed.value)


async def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await opened("redis://127.0.0.1:1/0", "select * from info")


@pytest.mark.parametrize("url", ["redis://h/0?nosuch=1", "redis://h/0?ssl_ca_certs=x", "unix://"])
def test_a_url_that_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(BadField):
        open_engine(Instance(id="x", url=url))


async def test_a_server_that_runs_a_script_is_blocked_not_broken(redis: Server) -> None:
    redis.run("CONFIG SET lua-time-limit 50")

    def run() -> None:
        with contextlib.suppress(Exception):  # it is killed
            redis.run("EVAL 'while true do end' 0")

    endless = threading.Thread(target=run)
    endless.start()
    time.sleep(0.3)
    try:
        with pytest.raises((LockBlocked, Unreachable), match="SCRIPT KILL"):
            await opened(redis.url, "select * from info")
    finally:
        redis.run("SCRIPT KILL")
        endless.join()


async def test_a_cluster_without_slots_has_failed() -> None:
    with private_redis("--cluster-enabled", "yes", "--cluster-port", str(servers.free_port())) as server:
        said = await heard(["rd-cluster", "conn-usage"], Instance(id="x", url=server.url))
    assert [(one.check, one.level) for one in said.findings] == [("rd-cluster", "error")]


async def test_a_primary_and_its_replica_see_each_other(redis: Server) -> None:
    redis.run("CONFIG SET repl-diskless-sync-delay 0", "SET a 1")
    host, _, port = redis.url.removeprefix("redis://").removesuffix("/0").partition(":")
    with private_redis("--replicaof", f"{host} {port}") as replica:
        with anyio.fail_after(20):
            while "master_link_status:up" not in str(replica.run("INFO replication")[0][0]):
                await anyio.sleep(0.05)
        here = await heard(["rd-replication", "topology-role"], Instance(id="p", url=redis.url), window_s=0.3)
        there = await heard(["rd-replication", "topology-role"], Instance(id="r", url=replica.url), window_s=0.3)
    assert (here.findings, there.findings) == ([], [])
    values = {
        one.instance: one.values for said in (here, there) for one in said.measures.values() if "peer" in one.values
    }
    assert values["p"]["peer"] == replica.url.removeprefix("redis://").removesuffix("/0")
    assert (values["r"]["peer"], values["r"]["state"]) == (f"{host}:{port}", "up")


def test_valkey_and_the_future_add_fields_without_harm() -> None:
    [row] = info("# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.1\r\nnew_field:3\r\ndb0:keys=1,expires=0\r\n")
    assert (row["valkey_version"], row["new_field"], "db0" in row) == ("8.1.1", 3, False)


def test_arguments_hashes_and_redis_6_replies_are_understood() -> None:
    [slow] = slowlog([[3, 1700000000, 12000, ["SET", "k", "value"], "10.0.0.1:5", ""]])
    assert slow == {"id": 3, "at": 1700000000, "took": 0.012, "command": "set", "client": "10.0.0.1"}
    [user] = acl_users(["user app on #abc123 ~* &* -@all +get"])
    assert user == {"user": "app", "enabled": 1, "nopass": 0, "commands": "-@all +get", "keys": "~*"}
    [odd] = clients("id=8 addr=1.2.3.4:6 omem=20 tot-mem=18446744073709551000\n", "dbmedic")
    assert (odd["omem"], odd["memory"]) == (20, None)  # a counter of the server that fell below zero
    [one] = clients("id=7 addr=1.2.3.4:5 name= age=9 idle=1 flags=b db=0 omem=20 cmd=blpop\n", "dbmedic")
    assert (one["user"], one["host"], one["blocked"], one["memory"]) == ("default", "1.2.3.4", 1, None)


def test_the_slow_log_names_keys_that_a_scan_may_not_come_to() -> None:
    entries = [
        [3, 1, 900, ["SMEMBERS", "followers"], "127.0.0.1:1", "feed"],
        [2, 1, 800, ["smembers", "followers"], "127.0.0.1:1", "feed"],
        [1, 1, 700, ["KEYS", "*"], "127.0.0.1:1", ""],
        [0, 1, 600, ["EVAL", "return 1", "0"], "127.0.0.1:1", ""],
        [4, 1, 500, ["GET", "x" * 128], "127.0.0.1:1", ""],
        [5, 1, 400, ["PING"], "127.0.0.1:1", ""],
    ]
    assert slow_keys(entries) == ["followers"]
