"""`dbmedic approve`: what waits for a person, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from dbmedic.assistant.approvals import Approval

SETTINGS = with_settings("data", "config")


@click.command(
    cls=SETTINGS,
    epilog="""\b
Examples:
  dbmedic approve                          what waits
  dbmedic approve ID                       shows the statement, and asks before it grants
  dbmedic approve ID --yes --comment "agreed with the shop team"
  dbmedic approve ID --deny --comment "after the sale"
\b
A server that runs on the same data folder goes on with the turn within a second.  Where a rule wants two people, the
second one decides with a key of their own.""",
)
@click.argument("approval", required=False)
@click.option("--deny", is_flag=True, help="Refuse it.")
@click.option("--yes", is_flag=True, help="Grant it without asking once more.")
@click.option("--comment", default="", help="Why; the answer repeats it.")
@json_flag
def command(approval: str | None, deny: bool, yes: bool, comment: str, as_json: bool) -> None:
    """List the changes that wait for a person, or grant or refuse one."""
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.assistant.approvals import shape

    async def work() -> None:
        async with opened(config_here()) as parts:
            approvals = parts.assistant.approvals
            if approval is None:
                return _listed(await approvals.asked(LOCAL, status="pending"), as_json)
            found = await approvals.get(approval, LOCAL)
            if not as_json:
                show(found)
            if found.status == "pending" and not deny and not yes:
                click.confirm("Run exactly this statement?", abort=True)
            decided = await approvals.decide(approval, LOCAL, granted=not deny, comment=comment)
            if as_json:
                return print_json(shape(decided))
            click.echo(_outcome(decided))
        return None

    run(work())


def show(approval: Approval) -> None:
    """What is asked, for a person at a terminal."""
    asked = approval.request
    click.echo(f"{asked.description}\n\n    {asked.statement}\n")
    where = f"instance {asked.instance}, database {asked.database or 'of its URL'}, as {asked.role or 'its account'}"
    click.echo(f"  where      {where}\n  class      {asked.kind}{', dangerous' if asked.dangerous else ''}")
    click.echo(f"  risk       {asked.risk}\n  way back   {asked.rollback or 'none'}")
    click.echo(
        f"  until      {asked.until:%Y-%m-%d %H:%M:%S} UTC\n  granted by {', '.join(approval.granted_by) or '-'}"
    )


def _listed(found: list[Approval], as_json: bool) -> None:
    from dbmedic.assistant.approvals import shape

    if as_json:
        return print_json({"approvals": [shape(one) for one in found]})
    if not found:
        return click.echo("nothing waits for a person")
    rows = [
        (one.id, one.request.instance, one.request.kind, f"{one.request.until:%H:%M}", one.request.statement[:60])
        for one in found
    ]
    return print_table(("ID", "INSTANCE", "CLASS", "UNTIL", "STATEMENT"), rows)


def _outcome(decided: Approval) -> str:
    if decided.status == "pending":
        return f"granted by {len(decided.granted_by)} of {decided.request.approvers}; it waits for another person"
    if decided.status == "rejected":
        return "refused; nothing is changed"
    return "granted; a server on this data folder runs it now, once"
