"""`dbmedic config`: every setting, its value and where the value comes from."""

from __future__ import annotations

import click

from dbmedic.cli.flags import in_force, json_flag, with_settings
from dbmedic.cli.printing import print_json, print_table


@click.command(
    cls=with_settings(), epilog="A flag wins over DBMEDIC_*, a variable over the file, the file over [default]."
)
@json_flag
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show every setting, its value and where it comes from."""
    from dbmedic.config import settings, shown

    config, origins = in_force(ctx)
    if as_json:
        values = {line.name: getattr(config, line.name) for line in settings()}
        values |= {line.name: shown(line.name, config) for line in settings() if line.secret}
        return print_json(
            {
                line.name: {"value": values[line.name], "from": origins[line.name], "variable": line.variable}
                for line in settings()
            }
        )
    rows = [(line.name, shown(line.name, config), origins[line.name], line.variable) for line in settings()]
    print_table(("SETTING", "VALUE", "FROM", "VARIABLE"), rows)
    return None
