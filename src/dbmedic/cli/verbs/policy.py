"""`dbmedic policy`: what users of access keys may do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

ADMINISTRATIVE = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic policy attach ReadOnlyAccess --user ci
  dbmedic policy attach Chats --user ci --document chats.json    keeps the document under that name first
  dbmedic policy simulate --user ci --action rdsai:ChatMessages"""
)
def command() -> None:
    """Attach policies in RAM's document format to users, and ask what they allow."""


@command.command(cls=ADMINISTRATIVE)
@click.argument("name")
@click.option("--user", required=True, help="Name of the user.")
@click.option("--document", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="File with the policy; replaces a policy of that name.")  # fmt: skip
@json_flag
def attach(name: str, user: str, document: Path | None, as_json: bool) -> None:
    """Give a policy to a user; what policies allow together counts, and a denial beats them all."""
    text = None if document is None else document.read_text("utf-8", "replace")

    async def work() -> None:
        async with opened(config_here()) as parts:
            if text is not None:
                await parts.assistant.policies.put(name, text)
            await parts.assistant.policies.attach(name, user)

    run(work())
    _said({"policy": name, "user": user, "attached": True}, f"policy {name} attached to {user}", as_json)


@command.command(cls=ADMINISTRATIVE)
@click.argument("name")
@click.option("--user", required=True, help="Name of the user.")
@json_flag
def detach(name: str, user: str, as_json: bool) -> None:
    """Take a policy from a user."""

    async def work() -> None:
        async with opened(config_here()) as parts:
            await parts.assistant.policies.detach(name, user)

    run(work())
    _said({"policy": name, "user": user, "attached": False}, f"policy {name} detached from {user}", as_json)


@command.command("list", cls=ADMINISTRATIVE)
@json_flag
def list_(as_json: bool) -> None:
    """List all policies and who has them."""

    async def work() -> None:
        async with opened(config_here()) as parts:
            found = await parts.assistant.policies.list()
        if as_json:
            return print_json({"policies": [one._asdict() for one in found]})
        kinds = {True: "built in", False: "own"}
        print_table(("NAME", "KIND", "USERS"), [(one.name, kinds[one.built_in], " ".join(one.users)) for one in found])
        return None

    run(work())


@command.command(cls=ADMINISTRATIVE)
@click.option("--user", required=True, help="Name of the user.")
@click.option("--action", required=True, help="For example rdsai:ChatMessages.")
@click.option("--source-ip", help="Address the call would come from.")
@click.option("--secure", is_flag=True, help="As if it came by TLS.")
@json_flag
def simulate(user: str, action: str, source_ip: str | None, secure: bool, as_json: bool) -> None:
    """Say what a user's policies would answer to an action; nothing is done."""
    context = {
        "acs:CurrentTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "acs:SecureTransport": "true" if secure else "false",
        "acs:MFAPresent": "false",
        "acs:PrincipalARN": f"acs:ram::default:user/{user}",
    } | ({"acs:SourceIp": source_ip} if source_ip else {})

    async def work() -> None:
        async with opened(config_here()) as parts:
            decision, policies = await parts.assistant.policies.simulate(user, action, context)
        explicit = getattr(decision, "explicit", None)
        word = "allowed" if explicit is None else "denied" if explicit else "not allowed"
        why = {"allowed": "a policy allows it", "denied": "a policy denies it", "not allowed": "no policy allows it"}
        answer = {"user": user, "action": action, "decision": word, "policies": policies}
        _said(answer, f"{word}: {why[word]} (policies of {user}: {', '.join(policies) or 'none'})", as_json)

    run(work())


def _said(fields: Mapping[str, object], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(fields)
    else:
        click.echo(sentence)
