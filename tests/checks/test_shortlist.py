"""A big catalogue: checks open the tables of their shortlist alone, and find there what they find among few tables.

`few = 0` makes every catalogue a big one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from checks.proving import heard
from checks.test_proofs import prove
from dbmedic.checks import shortlist
from dbmedic.checks.check import Check, Proof, catalogue
from dbmedic.checks.plan import server, servers
from dbmedic.core.values import Instance
from fix_servers import Database

ALWAYS = {"no-primary-key", "my-non-innodb"}
"""The rest is for `--faults`."""


def narrowed() -> list[Any]:
    """The proofs on MariaDB of all checks with a shortlist."""
    found: list[Any] = []
    for check in catalogue().values():
        on = check.engine("mariadb")
        if on is None or on.proof is None or on.proof.rows or on.proof.server:
            continue
        if shortlist.HOLE.search(f"{on.sql} {on.queries}"):
            found.append(pytest.param(check, on.proof, id=check.id))
    return found


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(servers(), "mariadb", replace(server("mariadb"), few=0))


@pytest.fixture
def account(mariadb: Database) -> Iterator[str]:
    """An account that sees tables and nothing of InnoDB; its password is its name."""
    name = f"u_{secrets.token_hex(4)}"
    mariadb.run(f"create user {name}@'%' identified by '{name}'", f"grant select, references on *.* to {name}@'%'")
    yield name
    mariadb.run(f"drop user {name}@'%'")


@pytest.mark.parametrize(("check", "proof"), narrowed())
async def test_finds_the_same_in_a_big_catalogue(
    check: Check, proof: Proof, mariadb: Database, big: None, request: pytest.FixtureRequest
) -> None:
    if check.id not in ALWAYS and not request.config.getoption("--faults"):
        pytest.skip("one of the others: --faults")
    mariadb.run(*(proof.fault or ["select 1"]))
    await prove(check, proof, mariadb)


async def test_names_are_read_as_the_server_writes_its_files(mariadb: Database, big: None) -> None:
    odd = "a-b c$d.é#名"
    mariadb.run(f"create table `{odd}`(id int primary key) partition by hash (id) partitions 24")
    said = await heard(["partition-too-many"], mariadb.instance, thresholds={"partition-too-many": {"warn": 20}})
    assert [one.object for one in said.findings] == [f"{mariadb.name}.{odd}"]


def test_the_files_that_are_not_named_are_counted_in_sum() -> None:
    rows = [
        {"home": "", "name": "innodb_system", "size": 12, "files": 1},
        {"home": "shop", "name": "shop/large", "size": 900, "files": 1},
        {"home": "shop", "name": "shop/t_9", "size": 10, "files": 5},
        {"home": "crm", "name": "crm/small", "size": 7, "files": 2},
    ]
    named = [("innodb_system", 12), ("shop/large", 900), ("shop/t_9", 10), ("shop/", 40), ("crm/", 14)]
    assert shortlist.folded(rows, 2) == named
    assert shortlist.folded(rows, 0) == [("innodb_system", 12), ("/", 964)]


async def test_says_when_the_server_does_not_list_the_files_of_its_tables(mariadb: Database) -> None:
    """As after a restart, while nobody opened them; without one, a file is off the list once it is given up."""
    mariadb.run(
        *(step for n in range(20) for step in (f"create table t{n}(id int)", f"alter table t{n} discard tablespace"))
    )
    said = (await heard(["disk-breakdown"], mariadb.instance)).checked["disk-breakdown"]
    assert re.match(r"the server tells the size of \d+ of \d+ tables: of those that were opened", said.sentence), said


async def test_says_when_not_all_that_it_may_concern_was_looked_at(
    mariadb: Database, big: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "MOST", 1)
    mariadb.run("create table a(id int)", "create table b(id int)")
    said = (await heard(["no-primary-key"], mariadb.instance)).checked["no-primary-key"]
    assert said.level == "normal"
    assert re.fullmatch(r"only 1 of the tables that it may concern were looked at, of \d+ in all", said.sentence)


async def test_opens_no_table_for_an_account_that_may_not_see_which(mariadb: Database, big: None, account: str) -> None:
    mariadb.run("create table a(id int)")
    instance = Instance(id="under-test", url=mariadb.server.at("", user=account, password=account))
    for one in (await heard(["no-primary-key", "my-fragmentation"], instance)).checked.values():
        assert (one.level, one.reason) == ("failed", "permission"), one
        assert one.grant == f"GRANT PROCESS ON *.* TO '{account}'@'%'"


async def test_does_not_make_the_server_load_every_definition(
    mariadb: Database, big: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "COUNT", "select 20000 as tables")
    said = (await heard(["stale-stats"], mariadb.instance)).checked["stale-stats"]
    assert (said.level, said.reason) == ("failed", "skipped_overload")
    assert (said.grant or "").startswith("SET GLOBAL table_definition_cache = 2")
