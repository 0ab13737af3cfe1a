"""What the workload tells of MariaDB's statements that the counters of a window do not show."""

from __future__ import annotations

from checks.proving import heard, load, sessions
from dbmedic.checks.digest import shape, tidy
from fix_servers import Database

LONG = "select distinct note, sleep({}) from notes"


async def test_a_statement_longer_than_the_window_is_told_by_its_record(mariadb: Database) -> None:
    mariadb.run(
        "create table notes (id int primary key, note text)", "insert into notes select seq, seq from seq_1_to_4"
    )
    mariadb.run(LONG.format(0.15))
    async with sessions(mariadb, [[LONG.format(1)]]):
        said = await heard(["query-temp"], mariadb.instance, window_s=0.5)
    (finding,) = said.findings
    values = said.measures[finding.measure].values
    assert finding.object.startswith("select distinct note")
    assert (values["tables_per_call"], values["calls"]) == (1, 1)
    assert 0.5 < values["mean_s"] < 3


async def test_who_waits_for_a_row_is_seen_waiting_and_who_keeps_many_is_named(mariadb: Database) -> None:
    mariadb.run("create table card (id int primary key, v int)", "insert into card select seq, 0 from seq_1_to_2000")
    keeping = ["begin", "update card set v = v + 1", "select sleep(0.2)", "commit"]
    async with load(mariadb, keeping, clients=1), load(mariadb, ["update card set v = 5 where id = 7"], clients=1):
        limits = {"lock-bound-queries": {"waited_least": "100ms"}}
        checks = ["row-lock-waits", "hot-row", "lock-bound-queries"]
        said = await heard(checks, mariadb.instance, window_s=1, thresholds=limits)
    assert [one.check for one in said.findings if one.check == "hot-row"] == []
    (waits,) = [said.measures[one.measure].values for one in said.findings if one.check == "row-lock-waits"]
    assert waits["on_object"].endswith(".card")
    assert waits["held"] >= 1000
    bound = {one.object for one in said.findings if one.check == "lock-bound-queries"}
    assert any("where id = ?" in one.lower() for one in bound), bound


def test_a_digest_is_told_as_one_would_write_it() -> None:
    digest = (
        "SELECT DISTINCTROW `status` , COUNT ( * ) FROM `shop` . `orders` WHERE `a` IN (...) AND ( `b` = ? ) "
        "AND `c` > CURDATE - INTERVAL ? SQL_TSI_DAY GROUP BY DATE ( `x` ) , NOW ( )"
    )
    assert tidy(digest) == (
        "SELECT DISTINCT status, COUNT(*) FROM shop.orders WHERE a IN (...) AND (b = ?) "
        "AND c > CURRENT_DATE - INTERVAL ? DAY GROUP BY DATE(x), NOW()"
    )


def test_a_digest_and_the_statement_seen_running_are_known_as_the_same() -> None:
    digest = (
        "SELECT DISTINCTROW `a` , SUBSTRING ( `b` , ?, ... ) FROM `t` WHERE `c` IN (...) "
        "AND `d` > CURDATE - INTERVAL ? SQL_TSI_DAY"
    )
    seen = (
        "/* page 7 */ select distinct a, substr(b, ?, ?) from t where c in (?, ?) and d > current_date - interval ? day"
    )
    assert shape(tidy(digest)) == shape(seen)
    assert shape("select a from t where b = ?") != shape("select b from t where b = ?")
