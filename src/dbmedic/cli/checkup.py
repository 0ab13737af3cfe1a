"""What `instance check` finds out about a connection: which server, which account, what it may see."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import click

from dbmedic.core.ports import Target
from dbmedic.core.values import EngineFacts
from dbmedic.engines.grants import missing

ACCOUNTS = {
    "superuser": "a superuser; dbmedic only reads all the same, but the rights of explain are enough",
    "explain": "the rights of explain: statistics, sessions, metadata, and plans of the application's statements",
    "observe": "the rights of observe: statistics, sessions and metadata, but no plans",
    "less": "less than the rights of observe",
    "all": "every command that dbmedic sends; it only reads",
    "file": "a file that is opened read-only",
}


async def checkup(target: Target) -> dict[str, Any]:
    """Connects and reports.  Raises `Unreachable` or `SignInFailed`."""
    began = perf_counter()
    facts = await target.engine.facts()
    gaps = missing(facts)
    return {
        "instance": target.instance.id,
        "engine": facts.engine,
        "version": ".".join(map(str, facts.version)),
        "database": facts.database,
        "role": facts.role,
        "account": account(facts),
        "standby": facts.standby,
        "local": facts.local,
        "took_s": round(perf_counter() - began, 3),
        "sees": sorted(facts.privileges),
        "missing": [{"what": gap.what, "grant": gap.grant} for gap in gaps],
    }


def account(facts: EngineFacts) -> str:
    """Which of the documented accounts this one is, by its rights: a key of `ACCOUNTS`."""
    if facts.engine == "sqlite":
        return "file"
    if facts.superuser:
        return "superuser"
    if facts.engine == "redis":
        return "less" if missing(facts) else "all"
    closed = [gap.what for gap in missing(facts) if gap.grant.startswith("GRANT")]
    if not closed:
        return "explain"
    return "observe" if all(what.startswith("plans ") for what in closed) else "less"


def print_checkup(report: dict[str, Any]) -> None:
    """The report for a person."""
    head = f"{report['instance']}: {report['engine']} {report['version']}, database {report['database']}"
    click.echo(head + (f" as {report['role']}" if report["role"] else "") + f", connected in {report['took_s']:.2f} s")
    click.echo(f"account: {ACCOUNTS[report['account']]}")
    if report["sees"]:
        click.echo(f"may use: {', '.join(report['sees'])}")
    for gap in report["missing"]:
        click.echo(f"cannot see: {gap['what']}\n  {gap['grant']}{'' if report['engine'] == 'redis' else ';'}")
    click.echo(
        "host metrics: " + ("of this machine" if report["local"] else "none of its own; see --storage, --metrics")
    )
