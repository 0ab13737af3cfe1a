"""Lines of every log format -> entries, and nothing of a row's values in them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dbmedic.kit.serverlog import Form, form_of, moment_in, read
from dbmedic.kit.serverlog.entry import Entry, without_values
from dbmedic.kit.serverlog.postgres import USUAL

SHANGHAI = ZoneInfo("Asia/Shanghai")


def entries(text: str, form: Form, *, prefix: str = USUAL) -> list[Entry]:
    return read([(None, line) for line in text.splitlines()], form, zone=SHANGHAI, prefix=prefix)


@pytest.mark.parametrize(
    ("prefix", "head"),
    [
        ("%m [%p] ", "2026-11-20 22:00:01.250 CST [42] "),
        ("%m [%p] %q%u@%d ", "2026-11-20 22:00:01.250 CST [42] shop@orders "),
        ("%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "2026-11-20 22:00:01 CST [42]: [7-1] "
         "user=shop,db=orders,app=web,client=10.0.0.9 "),
        ("%n %p %e %r ", "1795183201.250 42 23505 10.0.0.9(50123) "),
        ("<%m> %c %p ", "<2026-11-20 22:00:01.250 +08> 6b01af80.62bf 42 "),
    ],
)  # fmt: skip
def test_a_line_is_read_by_its_prefix(prefix: str, head: str) -> None:
    text = (
        f'{head}ERROR:  duplicate key value violates unique constraint "orders_pkey"\n'
        f"{head}DETAIL:  Key (email)=(ann@example.com) already exists.\n"
        f"{head}STATEMENT:  insert into orders\n\tvalues ('ann@example.com', 5)\n"
    )
    (one,) = entries(text, "postgres", prefix=prefix)
    assert one.at.replace(microsecond=0) == datetime(2026, 11, 20, 14, 0, 1, tzinfo=UTC)
    assert (one.code, one.severity, one.pid) == ("23505", "error", "42")
    assert one.message == 'duplicate key value violates unique constraint "orders_pkey"'
    assert one.statement == "insert into orders values (?, ?)"
    assert "ann" not in str(one)
    if "%u" in prefix and "shop" in head:
        assert (one.user, one.database) == ("shop", "orders")
    if "%h" in prefix or "%r" in prefix:
        assert one.host == "10.0.0.9"


def test_a_log_in_chinese_is_read_too() -> None:
    head = "2026-11-20 22:00:01 CST [42] "
    text = f'{head}错误:  重复键违反唯一约束"orders_pkey"\n{head}语句:  select 1'
    (one,) = entries(text, "postgres")
    assert (one.severity, one.code, one.statement) == ("error", "23505", "select ?")


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ('invalid input syntax for type integer: "s3cret"', "invalid input syntax for type integer: ?"),
        ("syntax error at or near \"s3cret\"", "syntax error at or near ?"),
        ('role "shop" does not exist', 'role "shop" does not exist'),
        ("duration: 12.5 ms  statement: select * from t where a = 's3cret'",
         "duration: 12.5 ms  statement: select * from t where a = ?"),
        ("parameters: $1 = 's3cret', $2 = '5'", "parameters: ? ?"),
        ('value "s3cret" is out of range', "value ? is out of range"),
    ],
)  # fmt: skip
def test_values_are_taken_out_and_names_stay(message: str, kept: str) -> None:
    assert without_values(message) == kept


def test_a_row_of_csvlog_that_was_cut_is_passed_over() -> None:
    whole = (
        '2026-11-20 22:00:01.250 CST,"shop","orders",42,"10.0.0.9:50123",6b.1,1,"INSERT",2026-11-20 22:00:00 CST,3/4,7,'
        'ERROR,23505,"duplicate key value violates unique constraint ""orders_pkey""","Key (a)=(s3cret) exists.",'
        ',,,,"insert into orders\nvalues (\'s3cret\')",,,"web","client backend",,0'
    )
    (one,) = entries(f'the end of a statement",,,"web"\n{whole}\n2026-11-20 22:00:02.000 CST,"shop","ord', "csv")
    assert (one.code, one.host, one.application) == ("23505", "10.0.0.9", "web")
    assert one.statement == "insert into orders values (?)"
    assert "s3cret" not in str(one)


def test_mysql_8_and_mariadb_write_the_same_things() -> None:
    text = (
        "2026-11-20T14:00:01.250000Z 9 [Warning] [MY-010055] [Server] Access denied for user 'bob'@'10.0.0.9' (using "
        "password: YES)\n"
        "2026-11-20 22:00:02 11 [Warning] Access denied for user 'bob'@'10.0.0.9' (using password: YES)\n"
        "2026-11-20 22:00:03 0 [Note] InnoDB: Buffer pool(s) load completed\n"
        "2026-11-20T14:00:04.000000Z 0 [ERROR] [MY-012153] [InnoDB] Trying to access page number 7\n"
    )
    first, second, third = entries(text, "mysql")
    for one in (first, second):
        assert (one.user, one.host, one.code, one.severity) == ("bob", "10.0.0.9", "1045", "warning")
    assert (second.at - first.at).total_seconds() == 0.75
    assert (third.code, third.severity) == ("12153", "error")


def test_redis_tells_what_failed() -> None:
    text = (
        "1:M 20 Nov 2026 22:00:01.250 * Background saving started by pid 9\n"
        "1:M 20 Nov 2026 22:00:02.250 # Can't save in background: fork: Cannot allocate memory\n"
        "1:M 20 Nov 2026 22:00:03.250 * Ready to accept connections\n"
    )
    failed, ready = entries(text, "redis")
    assert failed.severity == "error"
    assert failed.at == datetime(2026, 11, 20, 14, 0, 2, 250_000, tzinfo=UTC)
    assert ready.severity == "log"


def test_a_format_is_told_by_engine_name_and_first_line() -> None:
    assert form_of("postgres", "postgresql.csv") == "csv"
    assert form_of("postgres", "", '{"timestamp":"2026-11-20 22:00:01 CST"}') == "json"
    assert form_of("postgres", "postgresql.log") == "postgres"
    assert form_of("mariadb", "server.err") == "mysql"
    assert form_of("redis") == "redis"


def test_our_own_statements_are_no_news() -> None:
    text = (
        "2026-11-20 22:00:01 CST [42] ERROR:  canceling statement due to statement timeout\n"
        "2026-11-20 22:00:01 CST [42] STATEMENT:  /* dbmedic */ select 1\n"
    )
    assert entries(text, "postgres") == []


def test_a_line_that_continues_another_has_no_moment() -> None:
    assert moment_in("\tvalues ('2026-11-20 22:00:01')", "postgres", SHANGHAI) is None
    assert moment_in("Version: '10.11.19'", "mysql", SHANGHAI) is None
