"""The last deadlock out of InnoDB's report, and cycles of two out of looks."""

from __future__ import annotations

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.deadlock_detail import caught, told

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
