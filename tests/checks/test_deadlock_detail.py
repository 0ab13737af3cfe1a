"""The last deadlock out of InnoDB's report, and cycles out of looks."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from checks.proving import heard
from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.deadlock_detail import caught, told
from fix_servers import Database

STATUS = """
=====================================
2026-11-21 12:40:05 0x7fd1100c16c0 INNODB MONITOR OUTPUT
=====================================
------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-11-21 12:39:53 0x7fd1100c16c0
*** (1) TRANSACTION:
TRANSACTION 1198, ACTIVE 0 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 3 lock struct(s), heap size 1128, 2 row lock(s), undo log entries 1
MariaDB thread id 11, OS thread handle 140535894120128, query id 3223 localhost 127.0.0.1 cart_expire Updating
update carts set items = items + 1
where id = 4711
*** WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 10 page no 4 n bits 496 index PRIMARY of table `shop`.`carts` trx id 1198 lock_mode X waiting
Record lock, heap no 2 PHYSICAL RECORD: n_fields 6; compact format; info bits 0
 5: len 6; hex 736563726574; asc secret;;

*** (2) TRANSACTION:
TRANSACTION 1197, ACTIVE 0 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 3 lock struct(s), heap size 1128, 2 row lock(s), undo log entries 1
MariaDB thread id 13, OS thread handle 131739671574208, query id 3216 localhost 127.0.0.1 cart_merge Updating
delete from cart_lines where cart_id = 'x'
*** WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 11 page no 4 n bits 496 index cart_idx of table `shop`.`cart_lines` trx id 1197 lock_mode X
*** WE ROLL BACK TRANSACTION (1)
------------
TRANSACTIONS
------------
Trx id counter 1207
"""


def test_the_report_gives_tables_statements_victim_and_age_but_no_values() -> None:
    (row,) = told(STATUS)
    assert row["tables"] == "shop.carts, shop.cart_lines"
    assert row["on_index"] == "PRIMARY, cart_idx"
    assert row["first"] == row["victim"] == "update carts set items = items + ? where id = ?"
    assert row["second"] == "delete from cart_lines where cart_id = ?"
    assert row["age"] == 12
    assert "secret" not in str(row)
    assert "4711" not in str(row)


def test_no_deadlock_no_row() -> None:
    assert told("2026-11-21 12:40:05 INNODB MONITOR OUTPUT\n") == []


def test_a_cycle_seen_twice_is_one_row() -> None:
    one, other = "update carts set items = 1 where id = 1", "update carts set items = 1 where id = 2"
    found = caught([[{"first": one, "second": other}], [], [{"first": other, "second": one}]])
    assert [(row["tables"], row["seen"]) for row in found] == [("carts", 2)]


async def test_a_circle_behind_a_queue_is_seen(postgres: Database) -> None:
    """Who wants a row for which another waits already waits for that one's place, not for the row's owner."""
    postgres.run("create table carts(id int primary key, items int)", "insert into carts values (1, 0), (2, 0)")
    change = "update carts set items = items + 1 where id = {}"
    stuck = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    end = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
    with contextlib.ExitStack() as sessions:
        there, queue, back = (sessions.enter_context(psycopg.connect(postgres.url)) for _ in range(3))
        waiting = sessions.enter_context(ThreadPoolExecutor(3))
        for one in (there, queue, back):
            one.execute("set deadlock_timeout = '60s'")
        there.execute(change.format(1))
        back.execute(change.format(2))
        for number, (one, wanted) in enumerate([(queue, 1), (back, 1), (there, 2)], 1):
            waiting.submit(one.execute, change.format(wanted))
            while postgres.run(stuck)[0][0] < number:
                time.sleep(0.02)
        said = await heard(["deadlock-detail"], postgres.instance, window_s=0.3)
        postgres.run(f"{end} and datname = current_database()")
    assert [one.object for one in said.findings] == ["carts"]
