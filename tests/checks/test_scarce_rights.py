"""With its own fault on the server no check calls normal what an account may not see: it finds it, or says why not.

Every proof of the catalogue is played; by default a few of them, the others with `--faults`.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import anyio
import msgspec
import pytest

from checks.proving import heard, load, sessions
from checks.test_proofs import proofs
from dbmedic.checks.check import Check, Proof
from dbmedic.core.events import Checked
from dbmedic.core.values import REASONS, Instance
from fix_servers import Database, Server, private_mariadb


def faults(engine: str) -> list[Any]:
    """The proofs in which something is found."""
    return [one for one in proofs(engine) if one.values[1].expect]


ALWAYS = {"idle-in-transaction", "int-exhaustion", "no-primary-key"}
OF_OURSELVES = {"tool-overprivileged"}
"""About the account itself: one with few rights has not too many."""


@pytest.fixture(scope="session")
def blind_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A MariaDB that keeps no statistics of statements, for `--faults` alone."""
    if not request.config.getoption("--faults"):
        pytest.skip("a server of its own: --faults")
    with private_mariadb("--performance-schema=OFF") as server:
        yield server


@pytest.fixture
def chosen(request: pytest.FixtureRequest) -> None:
    if request.getfixturevalue("check").id not in ALWAYS and not request.config.getoption("--faults"):
        pytest.skip("one of the others: --faults")


@pytest.fixture
def accounts(request: pytest.FixtureRequest, check: Check) -> Iterator[list[tuple[str, str]]]:
    """(what it may, name) of two accounts with few rights; their passwords are their names."""
    engine = "mariadb" if "mariadb" in request.fixturenames else "postgres"
    database: Database = request.getfixturevalue(engine)
    one, two = (f"r_{secrets.token_hex(4)}" for _ in range(2))
    if engine == "postgres":
        database.run(f"create role {one} login password '{one}'")
        database.run(f"create role {two} login password '{two}' in role pg_monitor")
        yield [("CONNECT", one), ("pg_monitor", two)]
        database.run(*(f"drop owned by {name}; drop role {name}" for name in (one, two)))
        return
    database.run(*(f"create user {name}@'%' identified by '{name}'" for name in (one, two)))
    database.run(f"grant process on *.* to {two}@'%'")
    yield [("USAGE", one), ("PROCESS", two)]
    database.run(f"drop user {one}@'%', {two}@'%'")


@pytest.mark.parametrize(("check", "proof"), faults("postgres"))
async def test_on_postgres(
    check: Check, proof: Proof, chosen: None, postgres: Database, accounts: list[tuple[str, str]]
) -> None:
    since = check.on["postgres"].since
    if since and int(postgres.server.version.split(".")[0]) < int(since):
        pytest.skip(f"the check is for PostgreSQL {since} and later")
    if proof.needs and not postgres.run(proof.needs)[0][0]:
        pytest.skip(f"this server cannot have the fault: {proof.needs}")
    postgres.run("create extension if not exists pg_stat_statements", *proof.fault)
    await seen_or_said(check, proof, postgres, {may: postgres.as_role(name, name) for may, name in accounts})


@pytest.mark.parametrize(("check", "proof"), faults("mariadb"))
async def test_on_mariadb(
    check: Check, proof: Proof, chosen: None, mariadb: Database, accounts: list[tuple[str, str]]
) -> None:
    mariadb.run(*(proof.fault or ["select 1"]))
    urls = {may: mariadb.server.at("", user=name, password=name) for may, name in accounts}
    instances = {may: Instance(id="under-test", url=url) for may, url in urls.items()}
    await seen_or_said(check, proof, mariadb, instances)


@pytest.mark.parametrize(("check", "proof"), faults("mariadb"))
async def test_without_performance_schema(check: Check, proof: Proof, chosen: None, blind_server: Server) -> None:
    with blind_server.database() as database:
        database.run(*(proof.fault or ["select 1"]))
        await seen_or_said(check, proof, database, {"all, performance_schema = OFF": database.instance})


async def seen_or_said(check: Check, proof: Proof, database: Database, instances: dict[str, Instance]) -> None:
    """While the fault lasts, each account finds it, or hears why it does not.

    A normal counts only where the superuser finds the fault just then: on a busy machine some rates are not reached.
    """
    async with sessions(database, proof.sessions), load(database, proof.load):
        await anyio.sleep(proof.wait_s)
        if proof.after:
            await anyio.to_thread.run_sync(lambda: database.run(*proof.after))
            await anyio.sleep(proof.wait_s)
        for may, instance in instances.items():
            for _ in range(3):
                outcome = await looked(check, proof, instance)
                if failed_well(outcome) or outcome.level != "normal" or check.id in OF_OURSELVES:
                    break
                control = await looked(check, proof, database.instance)
                assert control.level in ("normal", "failed") or instance == database.instance, (may, outcome, control)
            else:
                assert instance != database.instance, (may, outcome)
        said = await heard([check.id], database.instance, thresholds={check.id: proof.thresholds})
    cure = [one.fix.statement for one in said.findings if one.fix] if proof.cure == "fix" else proof.cure
    for statement in () if isinstance(cure, str) else cure:
        with contextlib.suppress(Exception):  # what of it is left when the sessions have ended
            await anyio.to_thread.run_sync(database.run, statement)


async def looked(check: Check, proof: Proof, instance: Instance) -> Checked:
    tagged = msgspec.structs.replace(instance, tags=proof.tags)
    said = await heard([check.id], tagged, thresholds={check.id: proof.thresholds}, window_s=proof.window_s)
    return said.checked[check.id]


def failed_well(outcome: Checked) -> bool:
    """Whether it failed; then with one of the ten reasons, in words, and with the GRANT where a right is missing."""
    if outcome.level == "failed":
        assert outcome.reason in REASONS, outcome
        assert outcome.sentence, outcome
        assert outcome.reason != "permission" or (outcome.grant or "").startswith("GRANT "), outcome
    return outcome.level == "failed"
