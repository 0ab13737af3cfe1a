"""`dbmedic turn`: one question and what came of it; and exactly what a language model was told on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json

if TYPE_CHECKING:
    from dbmedic.assistant.traffic import Exchanged
    from dbmedic.core.events import Entry

SETTINGS = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic turn show ID
  dbmedic turn show ID --model-traffic"""
)
def command() -> None:
    """Show one turn: its question, what was looked at, its answer."""


@command.command(cls=SETTINGS)
@click.argument("turn")
@click.option(
    "--model-traffic",
    is_flag=True,
    help="What was sent to a language model and what came back, word for word, as it left: masked.",
)
@json_flag
def show(turn: str, model_traffic: bool, as_json: bool) -> None:
    """Print a turn.  ID is what the APIs call the message id.

    What was sent to models is kept for 30 days.  A transcript longer than the model's window is shortened further
    before it leaves; nothing is added to it.
    """
    from dbmedic.core.errors import NotFound

    async def work() -> None:
        async with opened(config_here()) as parts:
            entries = await parts.assistant.conversations.entries(turn)
            if not entries:
                raise NotFound("turn", turn)
            if not model_traffic:
                return print_json(summary(entries)) if as_json else _told(summary(entries))
            traffic = parts.assistant.traffic
            found = [] if traffic is None else await traffic.shown(turn)
            if as_json:
                return print_json({"turn": turn, "traffic": [shape(one) for one in found]})
            return _traffic(found)

    run(work())


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    """A turn as JSON."""
    from dbmedic.core.events import Answered, ModelReplied, ToolCalled, TurnClosed, TurnOpened

    events = [entry.event for entry in entries]
    opened = events[0]
    assert isinstance(opened, TurnOpened)
    closed = next((event for event in events if isinstance(event, TurnClosed)), None)
    answers = [event for event in events if isinstance(event, Answered)]
    return {
        "turn": opened.turn,
        "conversation": opened.conversation,
        "asked_at": entries[0].at,
        "api": opened.question.api,
        "question": opened.question.text,
        "models": list(dict.fromkeys(event.model for event in events if isinstance(event, ModelReplied))),
        "calls": [{"tool": event.tool, "args": event.args} for event in events if isinstance(event, ToolCalled)],
        "answer": "".join(event.text for event in answers),
        "rests_on": [id for event in answers for id in event.rests_on],
        "closed": None if closed is None else closed.reason,
    }


def shape(one: Exchanged) -> dict[str, Any]:
    """One request and its reply as JSON."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain


def _told(turn: dict[str, Any]) -> None:
    click.echo(f"{turn['asked_at']:%Y-%m-%d %H:%M:%S} UTC, by {turn['api']}, conversation {turn['conversation']}")
    click.echo(f"models: {', '.join(turn['models']) or '-'}; closed: {turn['closed'] or 'not yet'}\n")
    click.echo(f"{turn['question']}\n")
    for call in turn["calls"]:
        args = ", ".join(f"{name}={value!r}" for name, value in call["args"].items())
        click.echo(f"  {call['tool']}({args})")
    click.echo(f"\n{turn['answer']}")


def _traffic(found: Sequence[Exchanged]) -> None:
    from dbmedic.core.values import Call, Reasoning, Text

    if not found:
        return click.echo("nothing was sent to a language model, or it is no longer kept")
    before: tuple[Any, ...] = ()
    for one in found:
        new = one.messages[len(before) :] if one.messages[: len(before)] == before else one.messages
        click.echo(f"===== reply {one.reply}: to {one.model} at {one.at:%Y-%m-%d %H:%M:%S} UTC =====")
        click.echo(f"{len(one.messages)} messages, the last {len(new)} new; tools: {', '.join(one.tools)}")
        if one.left_out:
            click.echo(f"{one.left_out} characters of it are not kept")
        for message in new:
            click.echo(f"----- {message.role} -----\n{message.text}")
            for call in message.calls:
                click.echo(f"-> {call.tool} {call.args}")
        click.echo("===== what came back =====")
        for piece in one.got or ():
            if isinstance(piece, (Text, Reasoning)):
                click.echo(f"----- {'text' if isinstance(piece, Text) else 'reasoning'} -----\n{piece.text}")
            elif isinstance(piece, Call):
                click.echo(f"-> {piece.tool} {piece.args}")
        if one.got is None:
            click.echo("(cut off)")
        before = one.messages
    return None
