"""`dbmedic demo`: a real database with real faults, and two questions about it."""

from __future__ import annotations

import sys

import click

from dbmedic.cli.flags import in_force, with_settings


@click.command(
    cls=with_settings("data", "port"),
    epilog="""\b
Without --data it keeps its database in a folder `demo` inside the data folder; a second demo finds it there.
Ctrl-C ends it, with its database and its server.""",
)
@click.option("--once", is_flag=True, help="End after the two answers; exit code 0 when both were given.")
@click.pass_context
def command(ctx: click.Context, once: bool) -> None:
    """Start a PostgreSQL with a small shop in it, and ask what is wrong with it."""
    import asyncio

    from msgspec.structs import replace

    from dbmedic.cli.demo.stage import demo

    config, origins = in_force(ctx)
    assert config.data is not None
    folder = config.data if origins["data"] == "flag" else config.data / "demo"
    any_port = origins["port"] == "default"
    sys.exit(asyncio.run(demo(replace(config, data=folder), once=once, any_port=any_port)))
