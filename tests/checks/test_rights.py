"""Accounts with few rights: a check ends as finding, as normal with what it saw, or failed with a way out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import anyio
import pytest

from checks.proving import Heard, heard, sessions
from dbmedic.checks.check import catalogue
from dbmedic.core.values import REASONS
from fix_replication import Pair
from fix_servers import Database

ALL = list(catalogue())
LEFT_OPEN = ("begin", "select 1")
A_WHILE = 1.2
"""Seconds after which a transaction counts as left open."""
TOLD = {"backup-evidence", "backup-restore-test", "pitr-window", "dr-summary"}
"""What the operator has to say, whatever an account may see."""
ONLY_FOR_OWNERS = {"hba-broad", "hba-trust", "password-hash", "pg-listen"}
"""What takes a grant of its own on PostgreSQL."""
LIMITS: dict[str, dict[str, str | float]] = {"idle-in-transaction": {"warn_s": 0}}


@pytest.fixture
def role(postgres: Database) -> Iterator[str]:
    """A role that may sign in and nothing else; its password is its name."""
    name = f"r_{secrets.token_hex(4)}"
    postgres.run(f"create role {name} login password '{name}'")
    yield name
    postgres.run(f"drop owned by {name}", f"drop role {name}")


@pytest.fixture
def account(mariadb: Database) -> Iterator[str]:
    name = f"u_{secrets.token_hex(4)}"
    mariadb.run(f"create user {name}@'%' identified by '{name}'")
    yield name
    mariadb.run(f"drop user {name}@'%'")


def ended_well(said: Heard) -> None:
    """Every id ended once; what failed says why, and what was refused says which right is missing."""
    assert sorted([*said.checked, *said.skipped]) == sorted(ALL)
    for one in said.checked.values():
        if one.level == "failed":
            assert one.reason in REASONS, one
            assert one.sentence, one
            assert one.reason != "not_in_version" or one.sentence.endswith("does not measure this"), one
            if one.reason == "permission":
                assert (one.grant or "").startswith("GRANT "), one


async def test_a_role_that_may_only_connect(postgres: Database, role: str) -> None:
    postgres.run("create table t(id serial primary key)")
    async with sessions(postgres, [LEFT_OPEN]):
        await anyio.sleep(A_WHILE)
        said = await heard(ALL, postgres.as_role(role, role), thresholds=LIMITS)
    ended_well(said)
    for name in ("idle-in-transaction", "blocking-tree", "long-query", "pg-wal-dir", "int-exhaustion"):
        assert said.checked[name].reason == "permission", said.checked[name]
    assert said.checked["idle-in-transaction"].grant == f"GRANT pg_monitor TO {role}"
    assert said.checked["conn-usage"].level == "normal"
    assert said.checked["duplicate-index"].level == "normal"


async def test_a_role_that_may_observe(postgres: Database, role: str) -> None:
    postgres.run(
        "create extension pg_stat_statements", f"grant pg_monitor to {role}", "create table t(id serial primary key)"
    )
    async with sessions(postgres, [LEFT_OPEN]):
        await anyio.sleep(A_WHILE)
        said = await heard(ALL, postgres.as_role(role, role), thresholds=LIMITS)
    ended_well(said)
    assert [one.check for one in said.findings if not one.posture] == ["idle-in-transaction"]
    elsewhere = ("no_history", "no_log_source", "not_in_version")  # the last only for what the version lacks
    blind = {name for name, one in said.checked.items() if one.level == "failed" and one.reason not in elsewhere}
    before_14 = {"logical-subscription"} if postgres.server.version.startswith("13") else set()
    assert blind - TOLD == {"int-exhaustion", *ONLY_FOR_OWNERS, *before_14}


async def test_a_role_is_granted_the_look_at_rules_and_kinds_of_passwords(postgres: Database, role: str) -> None:
    blind = await heard(["hba-trust", "password-hash"], postgres.as_role(role, role))
    assert blind.checked["hba-trust"].grant == (
        f"GRANT SELECT ON pg_hba_file_rules TO {role}; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO {role}"
    )
    postgres.run(
        f"grant select on pg_hba_file_rules to {role}", f"grant execute on function pg_hba_file_rules() to {role}",
        "create schema dbmedic", f"grant usage on schema dbmedic to {role}",
        """create function dbmedic.password_kinds() returns table (rolname name, kind text) language sql stable
           security definer set search_path = pg_catalog, pg_temp
           as $$select rolname, case when rolname = session_user then 'md5' else 'scram' end
                from pg_authid where rolcanlogin$$""",
    )  # fmt: skip
    said = await heard(["hba-trust", "password-hash"], postgres.as_role(role, role))
    assert said.checked["hba-trust"].level == "normal"
    assert [one.object for one in said.findings] == [role]


async def test_a_role_sees_its_own_faults_without_any_grant(postgres: Database, role: str) -> None:
    signed_in = replace(postgres.server, url=postgres.server.at("postgres", user=role, password=role))
    async with sessions(Database(signed_in, postgres.name), [LEFT_OPEN]):
        await anyio.sleep(A_WHILE)
        said = await heard(["idle-in-transaction"], postgres.as_role(role, role), thresholds=LIMITS)
    assert [one.check for one in said.findings] == ["idle-in-transaction"]


async def test_an_account_that_may_only_connect(mariadb: Database, account: str) -> None:
    async with sessions(mariadb, [LEFT_OPEN]):
        mariadb.run(f"grant usage on *.* to {account}@'%'")
        said = await heard(ALL, server_wide(mariadb, account), thresholds=LIMITS)
    ended_well(said)
    for name in ("idle-in-transaction", "blocking-tree", "long-query", "my-history-list", "no-primary-key"):
        assert said.checked[name].reason == "permission", said.checked[name]
    assert said.checked["conn-usage"].level == "normal"


async def test_an_account_that_may_see_processes(mariadb: Database, account: str) -> None:
    mariadb.run("create table t(id int)", f"grant process on *.* to {account}@'%'")
    said = await heard(ALL, server_wide(mariadb, account))
    ended_well(said)
    assert said.checked["blocking-tree"].level == "normal"
    assert said.checked["no-primary-key"].reason == "permission"
    assert "performance_schema" in said.checked["top-queries"].sentence


async def test_an_account_that_may_only_connect_counts_the_replicas(mariadb_pair: Pair) -> None:
    name = f"u_{secrets.token_hex(4)}"
    mariadb_pair.primary.run(f"create user {name}@'%' identified by '{name}'")
    mariadb_pair.caught_up()
    try:
        for server, replicas in ((mariadb_pair.primary, 1), (mariadb_pair.standby, 0)):
            said = await heard(["topology-role"], server_wide(Database(server, ""), name))
            assert [one.values["replicas"] for one in said.measures.values()] == [replicas]
    finally:
        mariadb_pair.primary.run(f"drop user {name}@'%'")


def server_wide(database: Database, account: str):
    """The account on its server, in no database."""
    from dbmedic.core.values import Instance

    return Instance(id="under-test", url=database.server.at("", user=account, password=account))
