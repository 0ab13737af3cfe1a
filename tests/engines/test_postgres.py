"""The PostgreSQL engine: values, limits, refusals, and what a small account is told."""

from __future__ import annotations

import math
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.abc
import psycopg
import pytest

from dbmedic.cli import servers
from dbmedic.core.errors import (
    Denied,
    LockBlocked,
    NoSlotLeft,
    SignInFailed,
    StatementFailed,
    Timeout,
    Unreachable,
    WriteRefused,
)
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from fix_servers import Database


@pytest.fixture
async def engine(postgres: Database) -> AsyncIterator[Engine]:
    opened = open_engine(postgres.instance)
    yield opened
    await opened.close()


@pytest.fixture
def role(postgres: Database) -> Iterator[str]:
    """A login that may do nothing but connect."""
    name = f"r_{secrets.token_hex(4)}"
    postgres.run(f"create role {name} login password 'pw''x'")
    yield name
    postgres.run(f"drop owned by {name}", f"drop role {name}")


VALUES: list[tuple[str, Any]] = [
    ("1", 1),
    ("1.5", 1.5),
    ("2::numeric", 2),
    ("12345678901234567890::numeric", 12345678901234567890),
    ("-0.25::numeric", -0.25),
    ("'2026-01-02 03:04:05+02'::timestamptz", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ("'2026-01-02 03:04:05'::timestamp", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("'infinity'::timestamptz", "infinity"),
    ("'0044-03-15 BC'::date", "0044-03-15 BC"),
    ("'0044-03-15 00:00 BC'::timestamptz", "0044-03-15 00:00:00+00 BC"),
    ("'2026-01-02'::date", "2026-01-02"),
    ("interval '1 day 2 hours'", 93600.0),
    ("interval '-00:00:01.5'", -1.5),
    ("array[1, 2]", [1, 2]),
    ("array['a', null]::name[]", ["a", None]),
    ("array[1.5, 2]::numeric[]", [1.5, 2]),
    ("'{\"a\": [1, null]}'::jsonb", {"a": [1, None]}),
    ("null", None),
    ("true", True),
    ("'pg_class'::regclass", "pg_class"),
    ("'7'::xid", 7),
    ("'0/16'::pg_lsn", "0/16"),
    ("'10.0.0.1/8'::inet", "10.0.0.1/8"),
    ("row(1, 'x')", "(1,x)"),
    ("'\\x6869'::bytea", "\\x6869"),
    ("'naïve 数据库'", "naïve 数据库"),
    ("int4range(1, 3)", "[1,3)"),
]


@pytest.mark.parametrize(("sql", "value"), VALUES)
async def test_a_value_arrives_as_ours(engine: Engine, sql: str, value: Any) -> None:
    rows = await engine.rows(f"select {sql} as value")
    assert rows == [{"value": value}]
    assert type(rows[0]["value"]) is type(value)


async def test_not_a_number_stays_one(engine: Engine) -> None:
    assert math.isnan((await engine.rows("select 'NaN'::numeric as value"))[0]["value"])


async def test_parameters_are_named_and_bound_by_the_server(engine: Engine) -> None:
    sql = "select %(n)s::int + 1 as n, %(n)s::int as again, %(text)s::text as text, %(list)s::int[] as l, '9%%' as s"
    rows = await engine.rows(sql, {"n": 5, "text": "x'; drop table t", "list": [1, 2]})
    assert rows == [{"n": 6, "again": 5, "text": "x'; drop table t", "l": [1, 2], "s": "9%"}]
    with pytest.raises(StatementFailed, match="parameter 'm'"):
        await engine.rows("select %(m)s", {"n": 1})


async def test_too_many_rows_are_cut_and_the_next_statement_works(engine: Engine) -> None:
    assert len(await engine.rows("select * from generate_series(1, 1000000)", max_rows=7)) == 7
    assert await engine.rows("select 1 as one") == [{"one": 1}]


async def test_eight_mebibytes_are_the_most(engine: Engine) -> None:
    rows = await engine.rows("select repeat('x', 1000000) as x from generate_series(1, 1000)")
    assert len(rows) == 8


async def test_time_over_is_a_timeout_within_its_limit(engine: Engine) -> None:
    began = anyio.current_time()
    with pytest.raises(Timeout, match=r"0\.3 s"):
        await engine.rows("select count(*) from generate_series(1, 1000000000)", timeout_s=0.3)
    assert anyio.current_time() - began < 1
    assert await engine.rows("select 1 as one", timeout_s=2) == [{"one": 1}]


async def test_a_lock_is_waited_for_no_longer_than_a_moment(engine: Engine, postgres: Database) -> None:
    postgres.run("create table held (a int)")
    with psycopg.connect(postgres.url) as holder:
        holder.execute("lock table held in access exclusive mode")
        with pytest.raises(LockBlocked):
            await engine.rows("select pg_relation_size('public.held')")


async def test_a_stopped_reader_stops_the_statement_on_the_server(engine: Engine, postgres: Database) -> None:
    running = "select count(*) from pg_stat_activity where query like '%endless%' and pid <> pg_backend_pid()"
    running += f" and state = 'active' and datname = '{postgres.name}'"
    with anyio.move_on_after(0.3) as scope:
        await engine.rows("select count(*) from generate_series(1, 1000000000) as endless", timeout_s=60)
    assert scope.cancelled_caught
    with anyio.fail_after(2):
        while postgres.run(running) != [(0,)]:
            await anyio.sleep(0.02)
    assert await engine.rows("select 1 as one") == [{"one": 1}]


async def test_a_plan_may_be_stopped_too(engine: Engine, postgres: Database) -> None:
    postgres.run("create function slow() returns int immutable language sql as 'select 1 from pg_sleep(30)'")
    with anyio.move_on_after(0.3) as scope:
        await engine.plan("select slow()", timeout_s=60)
    assert scope.cancelled_caught
    with anyio.fail_after(2):
        while postgres.run("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") != [(0,)]:
            await anyio.sleep(0.02)


async def test_a_connection_that_was_ended_is_replaced(engine: Engine, postgres: Database) -> None:
    await engine.rows("select 1")
    ours = f"where application_name = 'dbmedic' and datname = '{postgres.name}'"
    postgres.run(f"select pg_terminate_backend(pid) from pg_stat_activity {ours}")
    assert await engine.rows("select 1 as one") == [{"one": 1}]


async def test_nothing_is_held_between_statements(engine: Engine, postgres: Database) -> None:
    await engine.rows("select * from pg_class")
    seen = postgres.run(
        "select state, backend_xmin, backend_xid from pg_stat_activity"
        f" where application_name = 'dbmedic' and datname = '{postgres.name}'"
    )
    assert seen == [("idle", None, None)]


async def test_at_most_two_connections_to_a_database(engine: Engine, postgres: Database) -> None:
    count = (
        f"select count(*) as n from pg_stat_activity where application_name = 'dbmedic' and datname = '{postgres.name}'"
    )
    seen: list[int] = []

    async def ask() -> None:
        seen.append((await engine.rows(f"{count} and (select count(*) from generate_series(1, 300000)) > 0"))[0]["n"])

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(ask)
    assert len(seen) == 8
    assert max(seen) <= 2


async def test_other_databases_of_the_server_can_be_visited(engine: Engine, postgres: Database) -> None:
    assert await engine.rows("select current_database() as name", database="postgres") == [{"name": "postgres"}]
    assert await engine.rows("select current_database() as name") == [{"name": postgres.name}]


async def test_the_session_is_what_it_promises(engine: Engine) -> None:
    wanted = {
        "application_name": "dbmedic", "default_transaction_read_only": "on", "lock_timeout": "200ms",
        "idle_in_transaction_session_timeout": "10s", "search_path": "pg_catalog", "jit": "off",
        "max_parallel_workers_per_gather": "0", "transaction_read_only": "on", "statement_timeout": "3s",
        "standard_conforming_strings": "on",
    }  # fmt: skip
    for name, value in wanted.items():
        assert await engine.rows(f"select current_setting('{name}') as is", timeout_s=3) == [{"is": value}], name


async def test_a_view_of_a_user_is_not_read(engine: Engine, postgres: Database) -> None:
    postgres.run("create view v as select 1 as a", "create table t (a int)")
    assert await engine.rows("select * from public.t") == []
    with pytest.raises(WriteRefused, match=r"public\.v is a user's view"):
        await engine.rows("select * from public.v")


async def test_functions_behind_row_security_and_constraints_are_not_run(postgres: Database, role: str) -> None:
    postgres.run(
        "create function trace() returns bool language plpgsql immutable as 'begin perform 1/0; return true; end'",
        "create table guarded (a int)",
        "alter table guarded enable row level security",
        "create policy p on guarded using (trace())",
        "create table parent (a int)",
        "create table child (check (trace())) inherits (parent)",
        f"grant select on guarded, parent to {role}",
    )
    engine = open_engine(postgres.as_role(role, "pw%27x"))
    with pytest.raises(Denied, match="row-level security"):
        await engine.rows("select * from public.guarded")
    assert await engine.rows("select * from public.parent where a = 1") == []
    await engine.close()


async def test_an_unqualified_table_is_told_how_to_be_written(engine: Engine, postgres: Database) -> None:
    postgres.run("create table t (a int)")
    with pytest.raises(StatementFailed, match=r"public\.orders") as caught:
        await engine.rows("select * from t")
    assert caught.value.sqlstate == "42P01"


async def test_facts_of_a_superuser(engine: Engine, postgres: Database) -> None:
    postgres.run("create extension pg_stat_statements")
    facts = await engine.facts()
    assert facts.engine == "postgres"
    assert facts.version[0] >= 13
    assert (facts.database, facts.role, facts.superuser, facts.standby) == (postgres.name, "postgres", True, False)
    assert {"pg_monitor", "pg_stat_statements", "superuser"} <= facts.privileges
    assert "pg_stat_statements" in facts.extensions
    assert postgres.name in facts.databases
    assert facts.relation_count > 300
    assert facts.started_at is not None
    assert facts.server_time is not None
    assert facts.started_at <= facts.server_time
    assert facts.settings["max_connections"].isdigit()
    if postgres.server.folder is not None:
        assert facts.local
        assert facts.data_directory == str(postgres.server.folder / "data")


async def test_facts_of_a_role_that_may_only_connect(postgres: Database, role: str) -> None:
    engine = open_engine(postgres.as_role(role, "pw%27x"))
    facts = await engine.facts()
    await engine.close()
    assert (facts.role, facts.superuser, facts.database) == (role, False, postgres.name)
    assert "pg_monitor" not in facts.privileges
    assert facts.databases[0]
    assert "data_directory" not in facts.settings
    if postgres.server.folder is not None:
        assert facts.local, "our own backend is found without any right"


async def test_no_password_in_the_facts(engine: Engine, postgres: Database) -> None:
    conninfo = "host=db user=repl password=geheim"
    postgres.run(f"alter system set primary_conninfo = '{conninfo}'", "select pg_reload_conf()")
    try:
        with anyio.fail_after(5):
            while postgres.run("show primary_conninfo") != [(conninfo,)]:
                await anyio.sleep(0.05)
        assert (await engine.facts()).settings["primary_conninfo"] == "host=db user=repl password=<hidden>"
    finally:
        postgres.run("alter system reset primary_conninfo", "select pg_reload_conf()")


@pytest.mark.parametrize(
    ("sql", "grant"),
    [
        ("select * from pg_ls_waldir()", "GRANT pg_monitor TO {role}"),
        ("select * from public.secret", "GRANT SELECT ON public.secret TO {role}"),
        ("select * from pg_hba_file_rules", "GRANT SELECT ON pg_hba_file_rules TO {role}; "
         "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO {role}"),
        ("select rolpassword from pg_authid", None),
    ],
)  # fmt: skip
async def test_a_denial_names_the_grant_that_helps(postgres: Database, role: str, sql: str, grant: str | None) -> None:
    postgres.run("create table secret (a int)")
    engine = open_engine(postgres.as_role(role, "pw%27x"))
    with pytest.raises(Denied, match="permission denied") as caught:
        await engine.rows(sql)
    assert caught.value.grant == (grant and grant.format(role=role))
    if grant and "secret" not in grant:
        postgres.run(caught.value.grant or "")
        assert isinstance(await engine.rows(sql), list)
    await engine.close()


async def test_a_plan_needs_the_right_to_read_and_says_so(postgres: Database, role: str) -> None:
    postgres.run("create table secret (a int)")
    engine = open_engine(postgres.as_role(role, "pw%27x"))
    with pytest.raises(Denied) as caught:
        await engine.plan("select * from secret where a = $1")
    await engine.close()
    assert caught.value.grant == f"GRANT SELECT ON public.secret TO {role}"


async def test_a_wrong_password_is_a_failed_sign_in_without_the_password(postgres: Database, role: str) -> None:
    engine = open_engine(postgres.as_role(role, "geheim"))
    with pytest.raises(SignInFailed, match=f"as {role}") as caught:
        await engine.facts()
    assert "geheim" not in str(caught.value)


async def test_an_unknown_database_is_a_failed_sign_in(postgres: Database) -> None:
    engine = open_engine(Instance(id="x", url=postgres.server.at("nowhere")))
    with pytest.raises(SignInFailed, match="nowhere"):
        await engine.rows("select 1")


async def test_a_server_with_no_connection_left_is_told_from_one_that_is_not_there(postgres: Database) -> None:
    role = f"late_{secrets.token_hex(4)}"
    postgres.run(f"create role {role} login password 'secret'", f"alter database {postgres.name} connection limit 0")
    try:
        engine = open_engine(postgres.as_role(role, "secret"))
        with pytest.raises(NoSlotLeft, match="too many connections for database"):
            await engine.rows("select 1")
    finally:
        postgres.run(f"drop role {role}")


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_nobody_there_is_unreachable_and_names_the_place(host: str) -> None:
    port = servers.free_port()
    engine = open_engine(Instance(id="x", url=f"postgresql://dbmedic:geheim@{host}:{port}/shop"))
    with anyio.fail_after(6), pytest.raises(Unreachable, match=f"{host}:{port} as dbmedic") as caught:
        await engine.facts()
    assert "geheim" not in str(caught.value)


async def test_silence_is_unreachable_after_five_seconds() -> None:
    async def silent(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, silent)
        engine = open_engine(Instance(id="x", url=f"postgresql://dbmedic@127.0.0.1:{port}/shop"))
        with anyio.fail_after(6), pytest.raises(Unreachable, match="within 5 s"):
            await engine.facts()
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_tls_is_asked_for_when_the_url_says_so(postgres: Database) -> None:
    if postgres.run("show ssl") != [("off",)]:
        pytest.skip("this server speaks TLS")
    engine = open_engine(Instance(id="x", url=f"{postgres.url}?sslmode=require"))
    with pytest.raises(Unreachable, match="SSL"):
        await engine.facts()
    plain = open_engine(Instance(id="x", url=f"{postgres.url}?sslmode=disable"))
    assert await plain.rows("select 1 as one") == [{"one": 1}]
    await plain.close()


async def test_a_socket_folder_will_do_as_host(postgres: Database) -> None:
    folder = postgres.server.folder
    if folder is None:
        pytest.skip("the socket of a given server is not known")
    password, port = postgres.url.split(":")[2].split("@")[0], postgres.url.split(":")[3].split("/")[0]
    url = f"postgresql:///{postgres.name}?host={folder / 'data'}&port={port}&user=postgres&password={password}"
    engine = open_engine(Instance(id="x", url=url))
    facts = await engine.facts()
    await engine.close()
    assert facts.local
