"""The MySQL and MariaDB engines on the server at hand: values, limits, refusals, small accounts."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import anyio
import asyncmy
import pytest

from dbmedic.cli import servers
from dbmedic.core.errors import (
    BadField,
    Denied,
    LockBlocked,
    SignInFailed,
    StatementFailed,
    Timeout,
    Unreachable,
    WriteRefused,
)
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from dbmedic.engines.mysql_facts import granted
from dbmedic.engines.mysql_place import Place
from dbmedic.engines.mysql_session import MySession, grant
from fix_servers import Database


@pytest.fixture
async def engine(mariadb: Database) -> AsyncIterator[Engine]:
    opened = open_engine(mariadb.instance)
    yield opened
    await opened.close()


@pytest.fixture
def account(mariadb: Database) -> Iterator[str]:
    """An account that may do nothing but sign in."""
    name = f"a_{secrets.token_hex(4)}"
    mariadb.run(f"create user {name}@'%' identified by 'pw''ß'")
    yield name
    mariadb.run(f"drop user {name}@'%'")


ENDLESS = (
    "select count(*) from information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c"
)

VALUES: list[tuple[str, Any]] = [
    ("1", 1),
    ("1.5", 1.5),
    ("2.0", 2),
    ("sum(3)", 3),
    ("avg(3.5)", 3.5),
    ("1e3", 1000.0),
    ("18446744073709551615", 18446744073709551615),
    ("timestamp('2026-01-02 03:04:05')", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("date('2026-01-02')", "2026-01-02"),
    ("sec_to_time(3661)", 3661.0),
    ("null", None),
    ("true", 1),
    ("'naïve 数据库'", "naïve 数据库"),
    ("cast('hi' as binary)", "hi"),
    ("json_object('a', 1)", '{"a": 1}'),
]


@pytest.mark.parametrize(("sql", "value"), VALUES)
async def test_a_value_arrives_as_ours(engine: Engine, sql: str, value: Any) -> None:
    rows = await engine.rows(f"select {sql} as value")
    assert rows == [{"value": value}]
    assert type(rows[0]["value"]) is type(value)


async def test_bits_are_a_number(engine: Engine, mariadb: Database) -> None:
    mariadb.run("create table flags (a bit(10))", "insert into flags values (b'1000000101'), (null)")
    assert await engine.rows("select a from flags order by a desc") == [{"a": 517}, {"a": None}]


async def test_now_is_utc(engine: Engine) -> None:
    now = (await engine.rows("select now(6) as now"))[0]["now"]
    assert abs((datetime.now(UTC) - now).total_seconds()) < 5


async def test_parameters_are_values_only(engine: Engine) -> None:
    sql = "select %(n)s + 1 as n, %(n)s as again, %(text)s as text, 3 in %(list)s as listed, '9%%' as sign, '?' as mark"
    rows = await engine.rows(sql, {"n": 5, "text": "x\\'; drop table t -- '", "list": [1, 3]})
    assert rows == [{"n": 6, "again": 5, "text": "x\\'; drop table t -- '", "listed": 1, "sign": "9%", "mark": "?"}]


async def test_too_many_rows_are_cut_and_the_next_statement_works(engine: Engine) -> None:
    sql = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000) select i from n"
    assert len(await engine.rows(sql, max_rows=7)) == 7
    assert await engine.rows("select 1 as one") == [{"one": 1}]


async def test_eight_mebibytes_are_the_most(engine: Engine) -> None:
    numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 100)"
    assert len(await engine.rows(f"{numbers} select repeat('x', 1000000) from n")) == 8


async def test_time_over_is_a_timeout_within_its_limit(engine: Engine) -> None:
    began = anyio.current_time()
    with pytest.raises(Timeout, match=r"0\.3 s"):
        await engine.rows(ENDLESS, timeout_s=0.3)
    assert anyio.current_time() - began < 1.5
    assert await engine.rows("select 1 as one", timeout_s=2) == [{"one": 1}]


async def test_a_stopped_reader_stops_the_statement_on_the_server(engine: Engine, mariadb: Database) -> None:
    with anyio.move_on_after(0.3) as scope:
        await engine.rows(f"{ENDLESS} where 1 = 1 -- endless", timeout_s=60)
    assert scope.cancelled_caught
    running = (
        "select count(*) from information_schema.PROCESSLIST where INFO like '%endless%' and ID <> connection_id()"
    )
    with anyio.fail_after(3):
        while mariadb.run(running) != [(0,)]:
            await anyio.sleep(0.02)
    assert await engine.rows("select 1 as one") == [{"one": 1}]


async def test_a_connection_that_was_ended_is_replaced(engine: Engine, mariadb: Database) -> None:
    found = await engine.rows("select connection_id() as id")
    mariadb.run(f"kill {found[0]['id']}")
    again = await engine.rows("select connection_id() as id")
    assert again != found


async def test_a_lock_is_waited_for_no_longer_than_a_second(engine: Engine, mariadb: Database) -> None:
    mariadb.run("create table held (a int)")
    place = Place.of(mariadb.url)
    holder = await asyncmy.connect(
        host=place.host, port=place.port, user=place.user, password=place.password, database=place.database
    )
    async with holder, holder.cursor() as cursor:
        await cursor.execute("lock tables held write")
        with anyio.fail_after(3), pytest.raises(LockBlocked):
            await engine.rows("select * from held")


async def test_at_most_two_connections(engine: Engine, mariadb: Database) -> None:
    seen: list[int] = []
    ours = f"select count(*) as n from information_schema.PROCESSLIST where DB = '{mariadb.name}'"

    async def ask() -> None:
        seen.append((await engine.rows(ours))[0]["n"])

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(ask)
    assert len(seen) == 8
    assert max(seen) <= 2


async def test_a_database_can_be_chosen_per_statement(engine: Engine, mariadb: Database) -> None:
    assert await engine.rows("select database() as name", database="mysql") == [{"name": "mysql"}]
    assert await engine.rows("select database() as name", database=mariadb.name) == [{"name": mariadb.name}]


async def test_facts_say_what_the_server_is_not_what_the_url_says(mariadb: Database) -> None:
    for scheme in ("mysql", "mariadb"):
        engine = open_engine(Instance(id="x", url=mariadb.url.replace("mariadb://", f"{scheme}://")))
        facts = await engine.facts()
        await engine.close()
        assert (facts.engine, engine.name) == (mariadb.server.engine, mariadb.server.engine)
        assert facts.version[0] >= 8
        assert facts.database == mariadb.name
        assert facts.superuser
        assert {"PROCESS", "SELECT", "performance_schema", "sys", "mysql.user"} <= facts.privileges
        assert facts.settings["max_connections"] == "60"
        assert mariadb.name in facts.databases
        assert facts.started_at is not None
        assert facts.server_time is not None
        assert facts.started_at < facts.server_time
        assert not facts.standby
        assert facts.local


async def test_facts_of_an_account_that_may_only_sign_in(mariadb: Database, account: str) -> None:
    engine = open_engine(Instance(id="x", url=mariadb.server.at("", user=account, password="pw%27%C3%9F")))
    facts = await engine.facts()
    await engine.close()
    assert (facts.role, facts.superuser, facts.privileges) == (f"'{account}'@'%'", False, frozenset())
    assert facts.databases == ()


async def test_the_observe_grants_are_seen(mariadb: Database, account: str) -> None:
    mariadb.run(
        f"grant process, binlog monitor, slave monitor, references on *.* to {account}@'%'",
        f"grant select on performance_schema.* to {account}@'%'",
        f"grant select, execute on sys.* to {account}@'%'",
        f"grant select on mysql.global_priv to {account}@'%'",
    )
    engine = open_engine(Instance(id="x", url=mariadb.server.at("", user=account, password="pw%27%C3%9F")))
    facts = await engine.facts()
    await engine.close()
    wanted = {
        "PROCESS",
        "BINLOG MONITOR",
        "SLAVE MONITOR",
        "REFERENCES",
        "performance_schema",
        "sys",
        "mysql.global_priv",
    }
    assert wanted <= facts.privileges
    assert "SELECT" not in facts.privileges
    assert mariadb.name in facts.databases


@pytest.mark.parametrize(
    ("sql", "privilege"),
    [
        ("select * from {db}.secret", "GRANT SELECT ON `{db}`.`secret` TO '{account}'@'%'"),
        ("select * from information_schema.INNODB_TRX", "GRANT PROCESS ON *.* TO '{account}'@'%'"),
        ("show engine innodb status", "GRANT PROCESS ON *.* TO '{account}'@'%'"),
        ("show binary logs", "GRANT BINLOG MONITOR ON *.* TO '{account}'@'%'"),
    ],
)
async def test_a_denial_names_the_grant_that_helps(mariadb: Database, account: str, sql: str, privilege: str) -> None:
    mariadb.run("create table secret (a int)")
    engine = open_engine(Instance(id="x", url=mariadb.server.at("", user=account, password="pw%27%C3%9F")))
    with pytest.raises(Denied) as caught:
        await engine.rows(sql.format(db=mariadb.name))
    assert caught.value.grant == privilege.format(db=mariadb.name, account=account)
    await engine.close()
    mariadb.run(caught.value.grant or "")
    again = open_engine(Instance(id="x", url=mariadb.server.at("", user=account, password="pw%27%C3%9F")))
    with contextlib.suppress(StatementFailed):  # allowed now, but this server writes no binary log
        assert isinstance(await again.rows(sql.format(db=mariadb.name)), list)
    await again.close()


def test_grants_are_read_from_the_servers_words() -> None:
    said = "Access denied; you need (at least one of) the SUPER, REPLICATION CLIENT privilege(s) for this operation"
    assert grant(said, "'a'@'%'") == "GRANT REPLICATION CLIENT ON *.* TO 'a'@'%'"
    assert grant("SELECT command denied to user 'a'@'h' for table 'user'", "x") == "GRANT SELECT ON `user` TO x"
    assert grant("Access denied for user 'a'@'%' to database 'shop'", "x") == "GRANT SELECT ON `shop`.* TO x"
    assert grant("something else", "'a'@'%'") is None


def test_grants_of_mysql_8_are_understood() -> None:
    lines = (
        "GRANT USAGE ON *.* TO `dbmedic`@`%`",
        "GRANT PROCESS, REPLICATION CLIENT, REFERENCES ON *.* TO `dbmedic`@`%`",
        "GRANT BACKUP_ADMIN,SYSTEM_VARIABLES_ADMIN ON *.* TO `dbmedic`@`%`",
        "GRANT SELECT ON `performance_schema`.* TO `dbmedic`@`%`",
        "GRANT SELECT (`User`, `Host`) ON `mysql`.`user` TO `dbmedic`@`%`",
        "GRANT `observer`@`%` TO `dbmedic`@`%`",
    )
    assert granted(lines) == {
        "PROCESS", "REPLICATION CLIENT", "BINLOG MONITOR", "REFERENCES", "BACKUP_ADMIN", "SYSTEM_VARIABLES_ADMIN",
        "performance_schema", "mysql.user",
    }  # fmt: skip


async def test_a_wrong_password_is_a_failed_sign_in_without_the_password(mariadb: Database, account: str) -> None:
    engine = open_engine(mariadb.as_role(account, "geheim"))
    with pytest.raises(SignInFailed, match=f"as {account}") as caught:
        await engine.facts()
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_nobody_there_is_unreachable_and_names_the_place(host: str) -> None:
    port = servers.free_port()
    engine = open_engine(Instance(id="x", url=f"mysql://dbmedic:geheim@{host}:{port}/shop"))
    with anyio.fail_after(6), pytest.raises(Unreachable, match=f"{host}:{port} as dbmedic") as caught:
        await engine.facts()
    assert "geheim" not in str(caught.value)


async def test_tls_is_asked_for_when_the_url_says_so(mariadb: Database) -> None:
    if mariadb.run("select @@have_ssl") != [("DISABLED",)]:
        pytest.skip("this server speaks TLS")
    engine = open_engine(Instance(id="x", url=f"{mariadb.url}?ssl-mode=REQUIRED"))
    with pytest.raises(Unreachable, match="TLS"):
        await engine.facts()


async def test_a_socket_file_will_do(mariadb: Database) -> None:
    folder = mariadb.server.folder
    if folder is None:
        pytest.skip("the socket of a given server is not known")
    engine = open_engine(Instance(id="x", url=f"{mariadb.url}?socket={folder / 'data' / 'sock'}"))
    assert (await engine.facts()).local
    await engine.close()


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("", "preferred"),
        ("?ssl-mode=VERIFY_CA&ssl-ca=/ca.pem", "verify_ca"),
        ("?ssl_mode=REQUIRED", "required"),
        ("?ssl=true", "required"),
        ("?ssl=true&ssl_ca=/ca.pem", "verify_identity"),
        ("?ssl=false", "disabled"),
        ("?tls=required&ssl-verify-cert=true", "verify_identity"),
    ],
)
def test_spellings_of_tls(query: str, mode: str) -> None:
    assert Place.of(f"mysql://u:p@h/db{query}").tls == mode


@pytest.mark.parametrize("url", ["mysql://h/db?ssl-mode=MAYBE", "mysql://h/db?colour=red", "mysql://h:99999/db"])
def test_a_url_that_is_not_understood_is_said(url: str) -> None:
    with pytest.raises(BadField):
        Place.of(url)


async def test_a_server_that_is_not_asked_for_several_statements_takes_one(mariadb: Database) -> None:
    session = await MySession.open(Place.of(mariadb.url))
    with pytest.raises(StatementFailed, match="syntax"):
        await session.rows("select 1; select 2", (), database=None, timeout_s=2, max_rows=5)
    await session.close()


PLANS = [
    ("select * from orders where customer = ?", "ref"),
    ("SELECT * FROM `orders` WHERE `id` IN (...) ORDER BY `created` LIMIT ?, ?", "range"),
    ("SELECT `o` . `id` FROM `orders` `o` WHERE `o` . `created` > NOW ( ) - INTERVAL ? DAY", "ALL"),
    ("update orders set customer = ? where id = ?", "const"),
    ("DELETE FROM `orders` WHERE `customer` = ? LIMIT ?", "ref"),
    ("insert into orders select * from orders where customer = ?", "ref"),
]


@pytest.mark.parametrize(("statement", "access"), PLANS)
async def test_a_digest_has_a_plan(engine: Engine, mariadb: Database, statement: str, access: str) -> None:
    mariadb.run(
        "create table orders (id int primary key, customer int, created datetime, key (customer))",
        "insert into orders with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)"
        " select i, i % 100, now() from n",
        "analyze table orders",
    )
    plan = await engine.plan(statement, database=mariadb.name)
    found = str(plan)
    assert f"'access_type': '{access}'" in found or (access == "range" and "'const'" in found), found


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("SELECT * FROM `orders` WHERE `name` = ...", StatementFailed),
        ("insert into orders values (?)", StatementFailed),
        ("select wipe(?)", WriteRefused),
        ("drop table orders", WriteRefused),
        ("call wipe()", WriteRefused),
    ],
)
async def test_what_has_no_plan_is_said(engine: Engine, statement: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await engine.plan(statement)
