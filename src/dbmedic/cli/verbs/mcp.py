"""`dbmedic mcp`: the tools for a program that starts dbmedic itself and speaks MCP with it over its pipes."""

from __future__ import annotations

import click

from dbmedic.cli.flags import in_force, with_settings
from dbmedic.cli.opened import opened_on, run


@click.command(
    cls=with_settings("data", "config", "check_budget_s", "window_s", "turn_s"),
    epilog="""\b
Example, in the settings of an MCP client:
  {"mcpServers": {"dbmedic": {"command": "dbmedic", "args": ["mcp"]}}}
\b
Whoever starts it acts as the local user: every registered instance, and requests for changes that a person decides
with `dbmedic approve`.  A server, `dbmedic serve`, has the same tools for keys at /mcp.""",
)
@click.option("--on", metavar="URL", help="Only this database, and nothing is kept.")
@click.pass_context
def command(ctx: click.Context, on: str | None) -> None:
    """Speak MCP on standard input and output."""
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.core.errors import BadField
    from dbmedic.kit.logs import write_logs

    config = in_force(ctx).config
    if on is not None and "://" not in on:
        raise BadField("on", f"--on {on}: a URL such as postgresql://user:password@host/db")
    write_logs(config.log_level, config.log_format)

    async def work() -> None:
        from dbmedic.api.mcp.serving import over_stdio

        async with opened_on(config, on) as (parts, _):
            await over_stdio(parts.assistant, LOCAL)

    run(work())
