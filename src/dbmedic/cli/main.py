"""The command line as a whole: finds the verbs, and turns what they raise into a sentence and an exit code.

A verb is a file in `verbs/` with a click command named `command`; this file knows none of them.  Nothing heavy is
imported before a verb runs, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from dbmedic import __version__
from dbmedic.core.errors import BadAsk, Failure

ANSWERED, NOT_ANSWERED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes."""
EPILOG = """\b
Examples:
  dbmedic demo                                      a real database with real faults, and two answers
  dbmedic ask "Is anything wrong?" --on postgresql://user:password@host/db
  dbmedic instance add shop postgresql://dbmedic:password@db.internal/shop --storage 100GiB
  dbmedic key create --app helpdesk                 a key for a client
  dbmedic serve                                     the server that the client talks to
"""


class Verbs(click.Group):
    """One command per file in `verbs/`, loaded when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """Names of all verbs, sorted."""
        verbs = importlib.import_module("dbmedic.cli.verbs")
        return sorted(module.name for module in pkgutil.iter_modules(verbs.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None where there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"dbmedic.cli.verbs.{cmd_name}").command
        return command


@click.group(cls=Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="dbmedic %(version)s")
def dbmedic() -> None:
    """The open AI DBA that runs on your own machine.

    Measures a live database read-only, finds the cause, answers with the numbers.
    """


def main() -> None:
    """Runs the command line; exits with 0, 1 (it did not work), 2 (wrong usage) or 130 (interrupted)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        dbmedic.main(prog_name="dbmedic", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(NOT_ANSWERED)
    except Failure as problem:
        if "--json" in sys.argv:
            from dbmedic.cli.printing import print_json

            print_json({"error": {"code": problem.code, "message": str(problem)}})
        click.echo(f"dbmedic: {problem}", err=True)
        sys.exit(WRONG_USAGE if isinstance(problem, BadAsk) else NOT_ANSWERED)
