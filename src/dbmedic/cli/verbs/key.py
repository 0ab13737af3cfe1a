"""`dbmedic key`: keys for clients, made, listed, limited, revoked."""

from __future__ import annotations

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table
from dbmedic.core.errors import NotFound

ADMINISTRATIVE = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic key create --app helpdesk --instance shop --json     a secret for a Dify client
  dbmedic key create --ram --user ci --policy ReadOnlyAccess   an id and a secret for an Alibaba Cloud SDK
  dbmedic key limit ID --questions 60                          at most 60 questions a minute with this key"""
)
def command() -> None:
    """Make, list and revoke keys for clients."""


@command.command(cls=ADMINISTRATIVE)
@click.option("--app", help="Name of the app that asks with it; made when it is new.  [default]")
@click.option("--kind", type=click.Choice(["app", "dataset", "admin"]), default="app", show_default=True)
@click.option("--dataset", is_flag=True, help="A key that fills and searches datasets: the same as --kind dataset.")
@click.option("--user", default="default", show_default=True, help="Name of the user it belongs to; made when new.")
@click.option("--right", "rights", multiple=True, help="ask, approve or administer; repeatable.  [ask]")
@click.option("--instance", "instances", multiple=True, help="Only this instance; repeatable.  [all]")
@click.option("--name", default="", help="A note to tell keys apart.")
@click.option("--ram", is_flag=True, help="An access key: an id and a secret, for clients that sign.")
@click.option("--policy", help="With --ram: policy for its user.  [full access for a user that has none]")
@click.option("--expires", "lifetime_s", type=int, metavar="SECONDS", help="With --ram: a temporary key with a token.")
@json_flag
def create(
    app: str | None,
    kind: str,
    dataset: bool,
    user: str,
    rights: tuple[str, ...],
    instances: tuple[str, ...],
    name: str,
    ram: bool,
    policy: str | None,
    lifetime_s: int | None,
    as_json: bool,
) -> None:
    """Make a key and print it; it is shown this once."""
    if dataset:
        if app is not None or kind not in ("app", "dataset"):
            raise click.UsageError("--dataset makes a key of kind dataset; it has no --app and no other --kind")
        kind = "dataset"
    if ram and (app is not None or kind != "app"):
        raise click.UsageError("--ram makes an access key of a user; it has no --app and no --kind")
    if not ram and (policy is not None or lifetime_s is not None):
        raise click.UsageError("--policy and --expires belong to --ram")
    if ram:
        return run(_access_key(user, rights or ("ask",), instances, name, policy, lifetime_s, as_json))
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
    return None


async def _access_key(
    user: str,
    rights: tuple[str, ...],
    instances: tuple[str, ...],
    name: str,
    policy: str | None,
    lifetime_s: int | None,
    as_json: bool,
) -> None:
    async with opened(config_here()) as parts:
        made = await parts.assistant.access_keys.create(
            user=user,
            rights=rights,
            instances=instances or None,
            name=name,
            policy=policy,
            lifetime_s=lifetime_s,
        )
    shown = {"access_key_id": made.access_key_id, "access_key_secret": made.access_key_secret, "id": made.id}
    if made.security_token is not None:
        shown |= {"security_token": made.security_token, "expires_at": f"{made.expires_at:%Y-%m-%dT%H:%M:%SZ}"}
    if as_json:
        return print_json(shown)
    for field, value in shown.items():
        click.echo(f"{field}: {value}")
    click.echo(f"key {made.id}: keep its secret now, it is not shown again", err=True)
    return None


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


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@click.option("--questions", type=click.IntRange(0), metavar="N", help="A minute; 0 is no limit.")
@click.option("--usual", is_flag=True, help="As the setting `key_rate` says.")
@json_flag
def limit(id: str, questions: int | None, usual: bool, as_json: bool) -> None:
    """Say, or change, how many questions a minute a key may ask.  A running server knows within a second or two."""
    if usual and questions is not None:
        raise click.UsageError("--questions sets a limit and --usual takes it away: give one of them")

    async def work() -> None:
        config = config_here()
        async with opened(config) as parts:
            rates = parts.assistant.turns.admission.rates
            assert rates is not None
            if usual or questions is not None:
                await rates.set(id, questions)
            elif id not in {key.id for key in await parts.assistant.keys.list()}:
                raise NotFound("key", id)
            own = (await rates.own()).get(id)
        rate = config.key_rate if own is None else own
        if as_json:
            print_json({"id": id, "questions_a_minute": rate or None, "own": own is not None})
        else:
            whose = "by the setting key_rate" if own is None else "of its own"
            click.echo(f"key {id}: {f'{rate} questions a minute' if rate else 'no limit'}, {whose}")

    run(work())
