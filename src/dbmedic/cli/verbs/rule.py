"""`dbmedic rule`: what needs no person, what is refused, and what needs two."""

from __future__ import annotations

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

ADMINISTRATIVE = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic rule add nightly --grant analyze,vacuum --on shop,billing
  dbmedic rule add careful --two drop_index,end_session,statement --on '*'
  dbmedic rule add never --refuse setting --on shop"""
)
def command() -> None:
    """Write rules for changes: grant classes ahead (in mode auto), refuse them, or want two people."""


@command.command(cls=ADMINISTRATIVE)
@click.argument("name")
@click.option("--grant", metavar="CLASSES", help="Classes that need no person where the conversation's mode is auto.")
@click.option("--refuse", metavar="CLASSES", help="Classes that are never run.")
@click.option("--two", metavar="CLASSES", help="Classes that two people must grant.")
@click.option("--on", required=True, metavar="INSTANCES", help="Ids; * (all) where nothing is granted.")
@json_flag
def add(name: str, grant: str | None, refuse: str | None, two: str | None, on: str, as_json: bool) -> None:
    """Write a rule; one of the same name is replaced.

    Classes: cancel_session, end_session, create_index, drop_index, analyze, vacuum, optimize, setting, statement, tool.
    """
    from typing import cast

    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.assistant.approvals import Effect, Rule

    given = {effect: kinds for effect, kinds in (("grant", grant), ("refuse", refuse), ("two", two)) if kinds}
    if len(given) != 1:
        raise click.UsageError("give one of --grant, --refuse and --two")
    ((effect, kinds),) = given.items()
    rule = Rule(name=name, effect=cast("Effect", effect), kinds=_names(kinds), instances=_names(on))

    async def work() -> None:
        async with opened(config_here()) as parts:
            await parts.assistant.approvals.put_rule(rule, LOCAL)

    run(work())
    if as_json:
        print_json({"name": name, "effect": effect, "kinds": rule.kinds, "instances": rule.instances})
    else:
        click.echo(f"rule {name}: {effect} {', '.join(rule.kinds)} on {', '.join(rule.instances)}")


@command.command("list", cls=ADMINISTRATIVE)
@json_flag
def list_(as_json: bool) -> None:
    """List the rules."""
    from dbmedic.assistant.accounts import LOCAL

    async def work() -> None:
        async with opened(config_here()) as parts:
            rules = await parts.assistant.approvals.rules(LOCAL.account)
        if as_json:
            return print_json({"rules": rules})
        rows = [(one.name, one.effect, " ".join(one.kinds), " ".join(one.instances), one.created_by) for one in rules]
        return print_table(("NAME", "EFFECT", "CLASSES", "INSTANCES", "BY"), rows)

    run(work())


@command.command(cls=ADMINISTRATIVE)
@click.argument("name")
@json_flag
def remove(name: str, as_json: bool) -> None:
    """Remove a rule."""
    from dbmedic.assistant.accounts import LOCAL

    async def work() -> None:
        async with opened(config_here()) as parts:
            await parts.assistant.approvals.remove_rule(name, LOCAL)

    run(work())
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        click.echo(f"rule {name} removed")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
