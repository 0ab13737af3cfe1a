"""`dbmedic changes`: what changed on an instance since a time, from what the server sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run, target_of
from dbmedic.cli.printing import print_json

if TYPE_CHECKING:
    from datetime import datetime

    from dbmedic.config import Config
    from dbmedic.core.values import Measure
    from dbmedic.diagnosis.when import Window


@click.command(
    cls=with_settings("data", "config", "zone", "language"),
    epilog="""\b
Examples:
  dbmedic changes shop --since "this morning"
  dbmedic changes shop --since "昨晚22点"
  dbmedic changes shop --since 2026-11-20T14:00 --zone Asia/Shanghai
\b
Exit codes: 0 told, 1 nothing was ever sampled, 2 wrong usage.""",
)
@click.argument("instance")
@click.option("--since", metavar="TIME", default="last 24 hours", show_default=True, help="A time, or words for one.")
@json_flag
def command(instance: str, since: str, as_json: bool) -> None:
    """Compare the time since then with what is usual: statements, load, growth, settings, restarts, indexes."""
    from dbmedic.core import lang
    from dbmedic.diagnosis.changed import line
    from dbmedic.diagnosis.said import Reader
    from dbmedic.kit.units import time_text

    config = config_here()
    asked = window_of(since, config.zone)
    found = run(_measures(config, instance, asked))
    if found is None:
        raise click.ClickException(
            f"{instance} was never sampled; `dbmedic serve` samples registered instances (setting `sample`)"
        )
    began, measures = found
    if as_json:
        return print_json({"instance": instance, "since": asked.start, "sampled_since": began, "changes": measures})
    language = lang.detect(since) if config.language == "auto" else lang.best(config.language) or "en"
    reader = Reader(language, config.zone)
    start = time_text(max(asked.start, began), config.zone)
    click.echo(reader.say("changed.title" if measures else "changed.nothing", since=start).replace("**", ""))
    for one in measures:
        click.echo(f"- {line(one, reader)}")
    if began > asked.start:
        click.echo(reader.say("changed.from", since=time_text(began, config.zone)))
    return None


def window_of(since: str, zone: str) -> Window:
    """The stretch of time up to now that a text names.  Raises `BadField`."""
    from datetime import UTC, datetime

    from dbmedic.core.errors import BadField
    from dbmedic.diagnosis.when import Window, window
    from dbmedic.kit.units import zone_of

    now = datetime.now(UTC)
    try:
        start = datetime.fromisoformat(since)
    except ValueError:
        found = window(since, now, zone_of(zone))
        if found is None:
            raise BadField(
                "since", f"{since!r} names no time; write it like 2026-11-20T14:00 or “this morning”"
            ) from None
        return found
    start = start if start.tzinfo is not None else start.replace(tzinfo=zone_of(zone))
    if start >= now:
        raise BadField("since", f"{since} has not come yet")
    return Window(start, now)


async def _measures(config: Config, instance: str, asked: Window) -> tuple[datetime, list[Measure]] | None:
    """When sampling began, and the changes; None where nothing was sampled."""
    from dbmedic.checks.history_since import compare
    from dbmedic.tools.changes import measured

    async with opened(config) as parts:
        target = await target_of(parts, instance)
        found = None if target.history is None else await compare(target.history, asked.start, asked.end)
    if found is None:
        return None
    return found.since, [
        measured(change, f"c{number}", instance, asked.end) for number, change in enumerate(found.changes, 1)
    ]
