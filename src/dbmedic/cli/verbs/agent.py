"""`dbmedic agent`: what the agent of an app is, published in versions that never change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

ADMINISTRATIVE = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic agent publish helpdesk.toml --app helpdesk
  dbmedic agent list --app helpdesk --json

\b
A draft is a TOML file:
  prompt  = "You help the shop's support team. Name the order table first."
  opening = "What is slow?"
  tools   = ["diagnose", "measure"]        all of them when it is left out

\b
  [[form]]                                  what a front-end asks before the question
  variable   = "ticket"
  type       = "text-input"
  required   = true
  max_length = 20"""
)
def command() -> None:
    """Publish the agent that answers an app's clients, and list what was published."""


@command.command(cls=ADMINISTRATIVE)
@click.argument("draft", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--app", default="default", show_default=True, help="Name of the app.")
@json_flag
def publish(draft: Path, app: str, as_json: bool) -> None:
    """Publish a draft as the next version of an app's agent; clients get it from now on."""
    text = draft.read_text("utf-8", "replace")

    async def work() -> None:
        from dbmedic.assistant.published import draft as read

        async with opened(config_here()) as parts:
            version = await parts.assistant.published.publish(app, read(text))
        told = _told(version)
        if as_json:
            print_json({"app": app, **told})
        else:
            click.echo(f"version {version.number} of {app} published; workflow_id {told['workflow_id']}")

    run(work())


@command.command("list", cls=ADMINISTRATIVE)
@click.option("--app", default="default", show_default=True, help="Name of the app.")
@json_flag
def list_(app: str, as_json: bool) -> None:
    """List the versions of an app's agent, the newest first, with the id by which a client asks an older one."""

    async def work() -> None:
        async with opened(config_here()) as parts:
            versions = [_told(one) for one in await parts.assistant.published.of_name(app)]
        if as_json:
            return print_json({"app": app, "versions": versions})
        rows = [(str(one["version"]), one["published_at"], one["workflow_id"]) for one in versions]
        print_table(("VERSION", "PUBLISHED", "WORKFLOW ID"), rows)
        return None

    run(work())


def _told(version: Any) -> dict[str, Any]:
    from dbmedic.api.dify.wire import workflow_id

    return {
        "version": version.number,
        "agent": version.agent,
        "workflow_id": workflow_id(version.app, version.agent),
        "published_at": f"{version.published_at:%Y-%m-%dT%H:%M:%SZ}",
    }
