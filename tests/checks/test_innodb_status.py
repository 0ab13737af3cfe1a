"""InnoDB's report is read in the words of each fork, and what it does not say stays unknown."""

from __future__ import annotations

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis import gap_locks, my_semaphores, prepared_xact
from dbmedic.checks.catalogue.storage_engine_analysis import my_innodb_status

MYSQL = """
=====================================
2026-03-01 10:00:40 140 INNODB MONITOR OUTPUT
=====================================
Per second averages calculated from the last 24 seconds
-----------------
BACKGROUND THREAD
-----------------
srv_master_thread loops: 1 srv_active, 0 srv_shutdown, 2 srv_idle
----------
SEMAPHORES
----------
OS WAIT ARRAY INFO: reservation count 8
--Thread 140 has waited at btr0cur.cc line 1209 for 246.00 seconds the semaphore:
X-lock on RW-latch at 0x7f created in file buf0buf.cc line 781
--Thread 141 has waited at btr0cur.cc line 1209 for 31.00 seconds the semaphore:
--Thread 142 has waited at dict0dict.cc line 905 for 2.00 seconds the semaphore:
------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-03-01 10:00:10 140
*** (1) TRANSACTION:
TRANSACTION 2001, ACTIVE 5 sec inserting
mysql tables in use 1, locked 1
insert into slots values (16, 1)
*** (1) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 5 index PRIMARY of table `shop`.`slots` lock_mode X locks gap before rec insert intention waiting
*** (2) TRANSACTION:
TRANSACTION 2002, ACTIVE 4 sec inserting
insert into slots values (17, 1)
*** WE ROLL BACK TRANSACTION (2)
------------
TRANSACTIONS
------------
History list length 42
--------
FILE I/O
--------
Pending flushes (fsync) log: 1; buffer pool: 2
---
LOG
---
Log sequence number          9000
Log flushed up to            8600
Last checkpoint at           5000
----------------------
BUFFER POOL AND MEMORY
----------------------
Pending reads      3
Pending writes: LRU 1, flush list 4, single page 0
Buffer pool hit rate 995 / 1000, young-making rate 0 / 1000 not 0 / 1000
"""


def test_numbers_of_every_section() -> None:
    assert my_innodb_status.told(MYSQL) == {
        "span": 24, "history": 42, "pending_reads": 3, "pending_writes": 5, "pending_syncs": 3, "unflushed": 400,
        "checkpoint_age": 4000, "hit_rate": 0.995, "latches": 3, "longest_latch": 246.0, "deadlock": 30.0,
    }  # fmt: skip


def test_averages_over_a_short_span_are_not_told() -> None:
    assert my_innodb_status.told(MYSQL.replace("last 24 seconds", "last 4 seconds"))["hit_rate"] is None


def test_what_is_not_there_is_unknown() -> None:
    told = my_innodb_status.told("")
    assert told.pop("latches") == 0
    assert set(told.values()) == {None}


def test_latches_are_told_by_place_the_longest_first() -> None:
    assert my_semaphores.told(MYSQL) == [
        {"place": "btr0cur.cc:1209", "waits": 2, "longest": 246.0},
        {"place": "dict0dict.cc:905", "waits": 1, "longest": 2.0},
    ]


def test_a_deadlock_about_a_gap_is_told_and_one_about_rows_is_not() -> None:
    assert gap_locks.told(MYSQL) == [{"table": "shop.slots", "on_index": "PRIMARY", "age": 30.0}]
    assert gap_locks.told(MYSQL.replace("locks gap before rec insert intention", "locks rec but not gap")) == []


def test_of_several_prepared_transactions_none_is_called_older_than_the_youngest() -> None:
    prepared = [
        {"formatID": 1, "gtrid_length": 4, "bqual_length": 1, "data": b"leftb"},
        {"formatID": 7, "gtrid_length": 2, "bqual_length": 0, "data": b"\x00\xff"},
    ]
    left = [{"id": 1, "open": 900, "locks": 2, "blocked": 0}, {"id": 2, "open": 30, "locks": 1, "blocked": 4}]
    found = prepared_xact.joined(prepared, left)
    assert [row["blocked"] for row in found] == [4, 4]
    assert [(row["gid"], row["open"], row["locks"]) for row in found] == [("left,b", 30, 3), ("00ff", 30, 3)]
    assert [row["sql"] for row in found] == ["XA ROLLBACK X'6c656674', X'62', 1", "XA ROLLBACK X'00ff', X'', 7"]
    assert prepared_xact.joined(prepared, []) == []
