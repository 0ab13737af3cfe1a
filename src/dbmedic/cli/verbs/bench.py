"""`dbmedic bench`: how fast it is on this machine, how cost grows, what survives; from a checkout of the source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

KINDS = {
    "load": "Turns a second, time to the first word, slow streams, memory: beside a bare proxy, on one core.",
    "scale": "Lists, history and a new turn over an empty store and over a large one; a long conversation.",
    "chaos": "Several replicas that are killed and cut off while clients chat; what is lost, what is doubled.",
}


@click.group(
    epilog="""\b
Examples:
  dbmedic bench load
  dbmedic bench load --rounds 2 --seconds 1
  dbmedic bench scale --messages 100000"""
)
def command() -> None:
    """Measure speed and endurance.  Needs a checkout; exit code 1 when a promised number is missed."""


def _verb(kind: str) -> click.Command:
    def run(arguments: tuple[str, ...]) -> None:
        script = _script(kind)
        done = subprocess.run([sys.executable, str(script), *arguments], check=False)  # noqa: S603 - our own script
        sys.exit(done.returncode)

    return click.Command(
        kind,
        callback=run,
        help=f"{KINDS[kind]}  `--help` behind `--` shows what it takes.",
        short_help=KINDS[kind],
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
    )


def _script(kind: str) -> Path:
    """The file that measures, in the checkout that this code runs from or in the current folder."""
    for root in (Path(__file__).parents[4], Path.cwd()):
        script = root / "bench" / f"{kind}.py"
        if script.is_file():
            return script
    raise click.ClickException(
        f"bench/{kind}.py is not here: benchmarks are in the source, not in the package; run this in a checkout of it"
    )


for _kind in KINDS:
    command.add_command(_verb(_kind))
