"""`dbmedic audit`: everything that was asked, run, decided and answered, and the proof that nobody changed it."""

from __future__ import annotations

import sys

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json

ADMINISTRATIVE = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic audit verify
  dbmedic audit export > audit.jsonl"""
)
def command() -> None:
    """Export the log of all turns that ended, and verify its hash chain."""


@command.command(cls=ADMINISTRATIVE)
@json_flag
def verify(as_json: bool) -> None:
    """Compute the chain again.  Exit code 1 when a row or a link was changed, added or taken away."""

    async def work() -> bool:
        async with opened(config_here()) as parts:
            await parts.assistant.audit.seal()
            found = await parts.assistant.audit.verify()
        if as_json:
            print_json({**found._asdict(), "broken": [one._asdict() for one in found.broken]})
        else:
            for one in found.broken:
                click.echo(f"link {one.position}, turn {one.turn or '-'}: {one.why}", err=True)
            word = "holds" if not found.broken else f"is broken in {len(found.broken)} places"
            click.echo(f"the chain {word}: {found.links} turns, {found.rows} rows; head {found.head}")
        return not found.broken

    sys.exit(0 if run(work()) else 1)


@command.command(cls=ADMINISTRATIVE)
def export() -> None:
    """Print every row as a line of JSON, each turn followed by its link."""
    import msgspec

    async def work() -> None:
        async with opened(config_here()) as parts:
            await parts.assistant.audit.seal()
            async for row in parts.assistant.audit.export():
                sys.stdout.write(msgspec.json.encode(row).decode() + "\n")

    run(work())
