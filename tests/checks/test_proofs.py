"""Each check's own proof on real servers: the fault gives exactly these findings, its fix ends them."""

from __future__ import annotations

from pathlib import Path

import anyio
import apsw
import msgspec
import pytest

from checks.proving import Heard, heard, load, matched, sessions
from dbmedic.checks.check import Check, Proof, catalogue
from dbmedic.core.values import Finding, Instance
from fix_replication import Pair
from fix_servers import Database, Server


def proofs(engine: str, *, pair: bool = False) -> list[object]:
    """The proofs of one engine that run on a server, or on a replicating pair."""
    return [
        pytest.param(check, on.proof, id=check.id)
        for check in catalogue().values()
        if (on := check.on.get(engine)) is not None and on.proof is not None and not on.proof.rows
        if bool(on.proof.server) is pair
    ]


@pytest.mark.parametrize(("check", "proof"), proofs("postgres"))
async def test_on_postgres(check: Check, proof: Proof, postgres: Database) -> None:
    since = check.on["postgres"].since
    if since and int(postgres.server.version.split(".")[0]) < int(since):
        pytest.skip(f"the check is for PostgreSQL {since} and later")
    if proof.needs and not postgres.run(proof.needs)[0][0]:
        pytest.skip(f"this server cannot have the fault: {proof.needs}")
    postgres.run("create extension if not exists pg_stat_statements", *proof.fault)
    await prove(check, proof, postgres)


@pytest.mark.parametrize(("check", "proof"), proofs("mariadb"))
async def test_on_mariadb(check: Check, proof: Proof, mariadb: Database) -> None:
    mariadb.run(*(proof.fault or ["select 1"]))
    await prove(check, proof, mariadb)


@pytest.mark.parametrize(("check", "proof"), proofs("postgres", pair=True))
async def test_on_a_pair_of_postgres(check: Check, proof: Proof, postgres_pair: Pair) -> None:
    await prove_on_pair(check, proof, postgres_pair)


@pytest.mark.parametrize(("check", "proof"), proofs("mariadb", pair=True))
async def test_on_a_pair_of_mariadb(check: Check, proof: Proof, mariadb_pair: Pair) -> None:
    await prove_on_pair(check, proof, mariadb_pair)


@pytest.mark.parametrize("which", ["primary", "standby"])
async def test_a_pair_of_postgres_that_is_well(which: str, postgres_pair: Pair) -> None:
    await well(postgres_pair, which)


@pytest.mark.parametrize("which", ["primary", "standby"])
async def test_a_pair_of_mariadb_that_is_well(which: str, mariadb_pair: Pair) -> None:
    await well(mariadb_pair, which)


async def well(pair: Pair, which: str) -> None:
    """No check of availability or backup finds more than posture, and each sees what it needs."""
    ids = [check.id for check in catalogue().values() if check.item.split("_")[0] in ("backup", "high")]
    await anyio.to_thread.run_sync(pair.caught_up)
    server = pair.primary if which == "primary" else pair.standby
    said = await heard(ids, Instance(id="under-test", url=server.url), window_s=0.3)
    assert [one for one in said.findings if not one.posture] == []
    assert {one.reason for one in said.checked.values() if one.level == "failed"} <= {
        "no_host_source",
        "not_in_version",
    }
    assert ("repl-broken" in said.checked) is (which == "standby")


async def prove_on_pair(check: Check, proof: Proof, pair: Pair) -> None:
    """As on one server, with the fault on the one that is looked at and what leads to it on the primary."""
    with pair.primary.database() as made:
        database = pair.on(proof.server, made)
        await anyio.to_thread.run_sync(pair.caught_up)
        database.run(*(proof.fault or ["select 1"]))
        if proof.upstream and not proof.sessions:
            made.run(*proof.upstream)
        await prove(check, proof, database, made)
        await anyio.to_thread.run_sync(pair.caught_up)


@pytest.mark.parametrize(("check", "proof"), proofs("redis"))
async def test_on_redis(check: Check, proof: Proof, redis: Server) -> None:
    folder = str(redis.run("CONFIG GET dir")[0][0][1])
    proof = msgspec.structs.replace(
        proof,
        cure=proof.cure if isinstance(proof.cure, str) else tuple(one.replace("{dir}", folder) for one in proof.cure),
    )
    redis.run(*(proof.fault or ["PING"]))
    await prove(check, proof, Database(redis, "0"))


@pytest.mark.parametrize(("check", "proof"), proofs("sqlite"))
async def test_on_sqlite(check: Check, proof: Proof, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    connection = apsw.Connection(str(path))
    for statement in proof.fault or ("create table t(id integer primary key)",):
        connection.execute(statement)
    connection.close()
    instance = Instance(id="under-test", url=f"sqlite:///{path}")
    said = await heard([check.id], instance, thresholds={check.id: proof.thresholds})
    expected(check, proof, said)
    if proof.cure != "none":
        connection = apsw.Connection(str(path))
        for statement in fixes(said.findings) if proof.cure == "fix" else proof.cure:
            connection.execute(statement)
        connection.close()
        assert (await heard([check.id], instance, thresholds={check.id: proof.thresholds})).findings == []


async def prove(check: Check, proof: Proof, database: Database, primary: Database | None = None) -> None:
    """Fault -> exactly these findings -> cure -> none."""
    limits = {check.id: proof.thresholds}
    instance = msgspec.structs.replace(database.instance, tags=proof.tags)
    async with sessions(database, proof.sessions), load(database, proof.load):
        if primary is None or not proof.sessions:
            await anyio.sleep(proof.wait_s)
        if proof.after:
            await anyio.to_thread.run_sync(lambda: database.run(*proof.after))
            await anyio.sleep(proof.wait_s)
        if primary is not None and proof.sessions:
            await anyio.to_thread.run_sync(lambda: primary.run(*proof.upstream))
            await anyio.sleep(proof.wait_s)
        said = await heard([check.id], instance, thresholds=limits, window_s=proof.window_s)
        for times in (2, 4) if proof.load else ():  # on a busy machine a statement may take longer than the window
            if matched([finding.object for finding in said.findings], proof.expect):
                break
            said = await heard([check.id], instance, thresholds=limits, window_s=proof.window_s * times)
        expected(check, proof, said)
        if proof.cure == "none":
            return
        cure = fixes(said.findings) if proof.cure == "fix" else list(proof.cure)
        if cure:
            await anyio.to_thread.run_sync(lambda: database.run(*cure))
            assert await healed(check, instance, limits) == []
    if not cure:
        assert await healed(check, instance, limits) == []


async def healed(check: Check, instance: Instance, limits: dict[str, dict[str, str | float]]) -> list[Finding]:
    """What is still found; statistics and ended sessions take a moment to show."""
    found: list[Finding] = []
    for _ in range(4):
        found = (await heard([check.id], instance, thresholds=limits)).findings
        if not found:
            break
        await anyio.sleep(0.5)
    return found


def expected(check: Check, proof: Proof, said: Heard) -> None:
    outcome = said.checked[check.id]
    assert outcome.level != "failed", outcome
    assert matched([finding.object for finding in said.findings], proof.expect), (said.findings, said.measures)
    if proof.level is not None:
        assert {finding.level for finding in said.findings} == {proof.level}
    for language in ("en", "zh-CN"):
        for sentence in said.sentences(language):
            assert "{" not in sentence


def fixes(findings: list[Finding]) -> list[str]:
    """The proposed statements; each finding of a proof that is cured by its fix has one."""
    assert all(finding.fix is not None for finding in findings)
    return [finding.fix.statement for finding in findings if finding.fix is not None]
