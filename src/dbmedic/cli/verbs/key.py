"""`dbmedic key`: keys for clients, made, listed, revoked."""

from __future__ import annotations

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

ADMINISTRATIVE = with_settings("data", "config")


@click.group(epilog="\b\nExample:\n  dbmedic key create --app helpdesk --instance shop --json")
def command() -> None:
    """Make, list and revoke keys for clients."""


@command.command(cls=ADMINISTRATIVE)
@click.option("--app", help="Name of the app that asks with it; made when it is new.  [default]")
@click.option("--kind", type=click.Choice(["app", "dataset", "admin"]), default="app", show_default=True)
@click.option("--user", default="default", show_default=True, help="Name of the user it belongs to; made when new.")
@click.option("--right", "rights", multiple=True, help="ask, approve or administer; repeatable.  [ask]")
@click.option("--instance", "instances", multiple=True, help="Only this instance; repeatable.  [all]")
@click.option("--name", default="", help="A note to tell keys apart.")
@json_flag
def create(
    app: str | None,
    kind: str,
    user: str,
    rights: tuple[str, ...],
    instances: tuple[str, ...],
    name: str,
    as_json: bool,
) -> None:
    """Make a key and print it; it is shown this once."""
    rights = rights or (("ask", "approve", "administer") if kind == "admin" else ("ask",))

    async def work() -> None:
        async with opened(config_here()) as parts:
            made = await parts.assistant.keys.create(
                kind=kind, app=app, user=user, rights=rights, instances=instances or None, name=name
            )
        if as_json:
            owner = (app or "default") if kind == "app" else None
            print_json({"key": made.secret, "id": made.id, "kind": kind, "app": owner, "rights": rights})
        else:
            click.echo(made.secret)
            click.echo(f"key {made.id}: keep it now, it is not shown again", err=True)

    run(work())


@command.command("list", cls=ADMINISTRATIVE)
@json_flag
def list_(as_json: bool) -> None:
    """List all keys, revoked ones too; no secrets."""

    async def work() -> None:
        async with opened(config_here()) as parts:
            keys = await parts.assistant.keys.list()
        if as_json:
            return print_json({"keys": keys})
        rows = [
            (
                key.id,
                key.kind,
                key.app or "",
                key.user,
                " ".join(key.rights),
                "all" if key.instances is None else " ".join(key.instances),
                f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else key.name,
            )
            for key in keys
        ]
        print_table(("ID", "KIND", "APP", "USER", "RIGHTS", "INSTANCES", "NOTE"), rows)
        return None

    run(work())


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@json_flag
def revoke(id: str, as_json: bool) -> None:
    """End a key: from now on nobody signs in with it."""

    async def work() -> None:
        async with opened(config_here()) as parts:
            await parts.assistant.keys.revoke(id)
        if as_json:
            print_json({"id": id, "revoked": True})
        else:
            click.echo(f"key {id} revoked")

    run(work())
