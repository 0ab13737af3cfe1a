"""Nothing that reaches a PostgreSQL engine changes anything, though its account is a superuser's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbmedic.core.errors import Failure, OutsideFailed, WriteRefused
from dbmedic.engines import open_engine
from dbmedic.engines.postgres_session import PgSession, Place
from dbmedic.kit.statements import Reading
from engines.corpus import statements
from fix_servers import Database, Server

MARK = Path("/tmp/dbmedic-hostile")
TRAPS = """
create table victim (a int primary key, b text);
insert into victim values (1, 'one'), (2, 'two');
create sequence ticket;
create materialized view kept as select * from victim;
create procedure wipe() language sql as 'delete from victim';
create function wipe_f() returns int language plpgsql as
  $$ begin copy (select 1) to '/tmp/dbmedic-hostile'; return 1; end $$;
create view trap as select wipe_f() as a;
create function wipe_op(int, int) returns bool language plpgsql as $$ begin return wipe_f() = 1; end $$;
create operator @@@ (leftarg = int, rightarg = int, function = wipe_op);
create function wipe_c(text) returns bool language plpgsql as $$ begin return wipe_f() = 1; end $$;
create domain checked as text check (wipe_c(value));
create function lower(text) returns text language plpgsql as $$ begin perform wipe_f(); return $1; end $$;
create function pg_buffercache_pages() returns int language plpgsql as $$ begin return wipe_f(); end $$;
create extension pg_stat_statements;
create extension file_fdw;
create extension dblink;
create server shell foreign data wrapper file_fdw;
create foreign table shell (line text) server shell options (program 'touch /tmp/dbmedic-hostile; echo');
create table parted (line text) partition by list (line);
create foreign table shell_part partition of parted default server shell
  options (program 'touch /tmp/dbmedic-hostile; echo');
"""
STATE = """
select (select array_agg((oid, relname, relkind, relfilenode, relacl::text)::text order by oid)
        from pg_class where oid >= 16384),
       (select array_agg(v::text) from victim v), (select array_agg(k::text) from kept k),
       (select (last_value, is_called)::text from ticket),
       (select array_agg((rolname, rolsuper)::text order by oid) from pg_roles),
       (select array_agg(datname::text order by oid) from pg_database),
       (select array_agg(extname::text order by oid) from pg_extension),
       (select array_agg(proname::text order by oid) from pg_proc where oid >= 16384),
       (select array_agg(collname::text order by oid) from pg_collation where oid >= 16384),
       (select count(*) from pg_largeobject_metadata), (select count(*) from pg_replication_slots),
       (select count(*) from pg_replication_origin), (select count(*) from pg_locks where locktype = 'advisory'),
       (select count(*) from pg_prepared_xacts),
       (select array_agg((name, setting, source)::text order by name) from pg_settings),
       pg_read_file('postgresql.auto.conf'), pg_conf_load_time(), pg_is_in_recovery(),
       pg_walfile_name(pg_current_wal_lsn()), pg_snapshot_xmax(pg_current_snapshot()),
       (select stats_reset from pg_stat_database where datname = current_database()),
       (select stats_reset from pg_stat_bgwriter), (select count(*) > 5 from pg_stat_statements),
       obj_description('victim'::regclass)
"""


class Watch:
    """A database full of traps, and a bystander whose session must live."""

    def __init__(self, database: Database, stack: contextlib.ExitStack) -> None:
        self.database = database
        url = f"{database.url}?application_name=bystander"
        self.bystander = stack.enter_context(psycopg.connect(url, autocommit=True))
        self.bystander.execute("listen channel")

    def state(self) -> Any:
        """All that a statement could have changed; asking leaves no trace."""
        row = self.bystander.execute(STATE).fetchone()
        heard = len(list(self.bystander.notifies(timeout=0)))
        return row, heard, MARK.exists()


@pytest.fixture(scope="module")
def watch(postgres_server: Server) -> Iterator[Watch]:
    MARK.unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres_server.database())
        postgres_server.run("alter system set autovacuum = off", "select pg_reload_conf()")
        stack.callback(postgres_server.run, "alter system reset autovacuum", "select pg_reload_conf()")
        time.sleep(0.2)
        with psycopg.connect(database.url, autocommit=True) as owner:
            owner.execute(TRAPS)
        yield Watch(database, stack)


TRAPPED = (
    "table trap",
    "select 1 @@@ 2",
    "select 'x'::checked",
    "select public.lower('x')",
    "table shell",
    "table parted",
)


@pytest.mark.parametrize("statement", TRAPPED)
def test_the_traps_are_armed(watch: Watch, statement: str) -> None:
    try:
        watch.database.run(statement)
        assert MARK.exists()
    finally:
        watch.database.run("copy (select 1) to program 'cat > /dev/null; rm -f /tmp/dbmedic-hostile'")


@pytest.mark.parametrize("statement", statements("hostile/postgres.sql"))
async def test_a_hostile_statement_is_refused_and_changes_nothing(watch: Watch, statement: str) -> None:
    before, engine = watch.state(), open_engine(watch.database.instance)
    try:
        with pytest.raises(WriteRefused):
            await engine.rows(statement, timeout_s=2)
    finally:
        await engine.close()
    assert watch.state() == before


@pytest.mark.parametrize("statement", statements("hostile/postgres.sql"))
async def test_a_hostile_statement_is_never_run_for_its_plan(watch: Watch, statement: str) -> None:
    before, engine = watch.state(), open_engine(watch.database.instance)
    began = time.monotonic()
    with contextlib.suppress(Failure):
        await engine.plan(statement, timeout_s=2)
    await engine.close()
    assert time.monotonic() - began < 2
    assert watch.state() == before


@pytest.mark.parametrize("statement", statements("benign/postgres.sql"))
async def test_a_benign_statement_is_read(watch: Watch, statement: str) -> None:
    engine = open_engine(watch.database.instance)
    try:
        assert isinstance(await engine.rows(statement), list)
    finally:
        await engine.close()


WRITES = (
    "insert into public.victim values (9, 'x')", "delete from public.victim", "create table public.made (a int)",
    "truncate public.victim", "select nextval('public.ticket')",
    "select setval('public.ticket', 9)", "with x as (delete from public.victim returning 1) select * from x",
    "select * from public.victim for update", "select 1; delete from public.victim",
    "commit; delete from public.victim",
)  # fmt: skip


@pytest.mark.parametrize("statement", WRITES)
async def test_the_server_stops_a_write_that_no_parser_saw(watch: Watch, statement: str) -> None:
    before = watch.state()
    session = await PgSession.open(Place(watch.database.url), watch.database.name)
    try:
        with pytest.raises(OutsideFailed) as caught:
            await session.rows(statement, [], Reading("read", None), timeout_s=2, max_rows=10)
    finally:
        await session.close()
    assert getattr(caught.value, "sqlstate", "") in ("25006", "42601"), "read-only transaction, or two commands in one"
    assert watch.state() == before
