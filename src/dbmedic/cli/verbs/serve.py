"""`dbmedic serve`: the server that clients talk to."""

from __future__ import annotations

import click

from dbmedic.cli.flags import in_force, with_settings


@click.command(
    cls=with_settings(),
    epilog="""\b
Example:
  dbmedic serve --host 0.0.0.0 --port 8765 --data /var/lib/dbmedic
\b
SIGTERM and Ctrl-C end it in order: running turns may finish for --shutdown-s, the rest is closed as interrupted.""",
)
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input is closed.")
@click.pass_context
def command(ctx: click.Context, with_parent: bool) -> None:
    """Serve the APIs on a data folder, until it is told to stop."""
    from dbmedic.cli.serving import serve

    serve(in_force(ctx).config, with_parent=with_parent)
