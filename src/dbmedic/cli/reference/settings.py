"""The page of all settings."""

from __future__ import annotations

from dbmedic.cli.reference.declared import table
from dbmedic.config import settings

HEAD = """# Settings

A flag wins over an environment variable, a variable over the TOML file, the file over the default.  The file is
`dbmedic.toml` in the data folder, or the one that `DBMEDIC_CONFIG` names; its keys are the names below.  An empty
variable counts as not set.  Secrets have no flag, for everybody on a machine can read the arguments of a process.
`dbmedic config` shows every value in force and where it comes from.
"""


def page() -> str:
    """Markdown."""
    rows = [
        (
            f"`{one.name}`",
            "" if one.secret else f"`--{one.name.replace('_', '-')}`",
            f"`{one.variable}`",
            one.kind,
            f"`{one.default}`" if one.default else "",
            one.help,
        )
        for one in settings()
    ]
    return f"{HEAD}\n{table(('setting', 'flag', 'variable', 'value', 'default', 'what it is'), rows)}\n"
