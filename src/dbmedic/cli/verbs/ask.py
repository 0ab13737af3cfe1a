"""`dbmedic ask`: one question, one answer, no server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dbmedic.cli.flags import with_settings

if TYPE_CHECKING:
    from dbmedic.assistant.approvals import Approval
    from dbmedic.cli.asking import Decide
    from dbmedic.cli.progress import Progress

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
@click.option("--write-url", metavar="URL", help="With --on URL: the account for changes that you approve.")
@click.option("--json", "as_json", is_flag=True, help="Print the events, one JSON object a line, not the answer.")
def command(question: str, on: str | None, write_url: str | None, as_json: bool) -> None:
    """Ask about a database and print the answer.  What would change something is shown and asked about first."""
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.cli.asking import Lines, Shown, follow
    from dbmedic.cli.opened import config_here, opened_on, run, target_of
    from dbmedic.cli.progress import Progress
    from dbmedic.core.errors import BadField
    from dbmedic.core.values import Question

    config = config_here()

    async def work() -> tuple[bool, str]:
        async with opened_on(config, on, write_url) as (parts, instance):
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
                decide = _asks(progress) if sys.stdin.isatty() and not as_json else None
                await follow(parts.assistant, asked, LOCAL, told.tell, decide)
            return told.answered, told.problem

    answered, problem = run(work())
    if problem:
        click.echo(f"dbmedic: {problem}", err=True)
    sys.exit(0 if answered else 1)


def _asks(progress: Progress) -> Decide:
    """Shows a change to the person at the terminal, who decides."""
    from dbmedic.cli.verbs.approve import show

    def decide(approval: Approval) -> tuple[bool, str]:
        progress.end()
        click.echo()
        show(approval)
        granted = click.confirm("Run exactly this statement?", default=False)
        return granted, "" if granted else "refused at the terminal"

    return decide
