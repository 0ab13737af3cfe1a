"""`dbmedic dataset`: which datasets there are, and which apps' answers may cite them."""

from __future__ import annotations

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

ADMINISTRATIVE = with_settings("data", "config")
MOST = 1000


@click.group(
    epilog="""\b
Examples:
  dbmedic key create --dataset                    a secret to fill datasets with, by the Dify knowledge API
  dbmedic dataset attach runbooks --app helpdesk  answers of the app cite it from now on"""
)
def command() -> None:
    """List datasets, and attach them to apps."""


@command.command("list", cls=ADMINISTRATIVE)
@json_flag
def list_(as_json: bool) -> None:
    """List all datasets, newest first."""

    async def work() -> None:
        from dbmedic.assistant.accounts import LOCAL

        async with opened(config_here()) as parts:
            shelves, _ = await parts.assistant.knowledge.datasets.shelves(LOCAL, limit=MOST)
        if as_json:
            rows = [
                {"id": one.dataset.id, "name": one.dataset.name, "documents": one.documents, "apps": one.apps}
                for one in shelves
            ]
            return print_json({"datasets": rows})
        table = [
            (one.dataset.id, one.dataset.name, f"{one.available} of {one.documents}", ", ".join(one.apps))
            for one in shelves
        ]
        print_table(("ID", "NAME", "DOCUMENTS READY", "APPS"), table)
        return None

    run(work())


@command.command(cls=ADMINISTRATIVE)
@click.argument("name")
@click.option("--app", required=True, help="Name of the app.")
@json_flag
def attach(name: str, app: str, as_json: bool) -> None:
    """Let an app's answers cite a dataset, named by its name or its id."""
    run(_set(name, app, attached=True))
    _said(name, app, True, as_json)


@command.command(cls=ADMINISTRATIVE)
@click.argument("name")
@click.option("--app", required=True, help="Name of the app.")
@json_flag
def detach(name: str, app: str, as_json: bool) -> None:
    """Take a dataset from an app."""
    run(_set(name, app, attached=False))
    _said(name, app, False, as_json)


async def _set(name: str, app: str, *, attached: bool) -> None:
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.core.errors import NotFound

    async with opened(config_here()) as parts:
        datasets = parts.assistant.knowledge.datasets
        shelves, _ = await datasets.shelves(LOCAL, limit=MOST)
        for one in shelves:
            if name in (one.dataset.name, one.dataset.id):
                return await (datasets.attach if attached else datasets.detach)(one.dataset, app)
    raise NotFound("dataset", name)


def _said(name: str, app: str, attached: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dataset": name, "app": app, "attached": attached})
    else:
        click.echo(f"dataset {name} {'attached to' if attached else 'detached from'} {app}")
