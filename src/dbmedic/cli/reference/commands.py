"""The page of all commands: their own help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dbmedic.cli.main import dbmedic

HEAD = """# Commands

Exit codes: 0 done or answered, 1 not done or not answered, 2 wrong usage, 130 interrupted.  Every administrative
command takes `--data DIR` and `--json` (one JSON object on standard output and nothing else) and works while the server
runs.
"""
WIDTH = 100


def page() -> str:
    """Markdown."""
    return "\n".join([HEAD, *_help(dbmedic, "dbmedic", None)])


def _help(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["--help"],
    )
    yield f"## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            child = command.get_command(context, verb)
            if child is not None and not child.hidden:
                yield from _help(child, verb, context)
