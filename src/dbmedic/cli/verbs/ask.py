"""`dbmedic ask`: one question, one answer, no server."""

from __future__ import annotations

import sys

import click

from dbmedic.cli.flags import with_settings

SETTINGS = with_settings("data", "config", "model_url", "model", "model_timeout_s", "turn_s", "zone", "language")


@click.command(
    cls=SETTINGS,
    epilog="""\b
Examples:
  dbmedic ask "Is anything wrong?" --on postgresql://user:password@host/db
  dbmedic ask "磁盘使用率,是否需要扩容" --on mysql://user:password@host/db
  dbmedic ask "Which indexes are unused?" --on sqlite:////var/lib/app/data.db
  dbmedic ask "Why is shop slow?"         the instances registered in the data folder
\b
Exit codes: 0 answered, 1 not answered, 2 wrong usage.""",
)
@click.argument("question")
@click.option("--on", metavar="URL|ID", help="Database to ask about: its URL, or the id of a registered instance.")
@click.option("--json", "as_json", is_flag=True, help="Print the events, one JSON object a line, not the answer.")
def command(question: str, on: str | None, as_json: bool) -> None:
    """Ask about a database and print the answer."""
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.cli.asking import Lines, Shown, follow
    from dbmedic.cli.opened import config_here, opened_on, run, target_of
    from dbmedic.cli.progress import Progress
    from dbmedic.core.errors import BadField
    from dbmedic.core.values import Question

    config = config_here()

    async def work() -> tuple[bool, str]:
        async with opened_on(config, on) as (parts, instance):
            if on is None and not await parts.assistant.instances.visible(LOCAL):
                raise BadField("on", "no database to ask about: add --on URL, or register one: dbmedic instance add")
            if instance is not None:
                await (await target_of(parts, instance)).engine.facts()  # no connection, no answer: say so at once
            language = None if config.language == "auto" else config.language
            asked = Question(
                text=question, caller=LOCAL, api="cli", instance=instance, language=language, zone=config.zone
            )
            with Progress(keep=False, quiet=as_json) as progress:
                told = Lines(click.echo) if as_json else Shown(progress)
                await follow(parts.assistant, asked, LOCAL, told.tell)
            return told.answered, told.problem

    answered, problem = run(work())
    if problem:
        click.echo(f"dbmedic: {problem}", err=True)
    sys.exit(0 if answered else 1)
