"""`dbmedic model`: the language models that are set, whether they answer, and what they cost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from dbmedic.models.probe import Seen
    from dbmedic.models.setting import ModelSetting

SETTINGS = with_settings("data", "config", "model_url", "model", "model_timeout_s", "model_context", "model_thinking")


@click.group(
    epilog="""\b
Examples:
  dbmedic model list
  dbmedic model check qwen3
  dbmedic model usage --days 7"""
)
def command() -> None:
    """List the language models, see whether they answer, and what they cost."""


@command.command("list", cls=SETTINGS)
@json_flag
def list_(as_json: bool) -> None:
    """List the models of the settings, the default first; no keys."""
    from dbmedic.chosen import described
    from dbmedic.models.setting import chain

    models = described(config_here())
    if as_json:
        return print_json(
            {"models": [{**_shown(one), "answers_after": [*chain(one.name, models), "analyst"]} for one in models]}
        )
    if not models:
        return click.echo("no language model is set: the analyst answers, which needs none")
    print_table(
        ("NAME", "KIND", "URL", "CONTEXT", "THINKING", "IMAGES", "WHEN IT FAILS"),
        [
            (
                one.name,
                one.kind,
                _address(one),
                one.context_window or "?",
                " ".join(one.thinking) or "-",
                "yes" if one.vision else "no",
                " ".join([*chain(one.name, models), "analyst"]),
            )
            for one in models
        ],
    )
    return None


@command.command(cls=SETTINGS)
@click.argument("name", required=False)
@json_flag
def check(name: str | None, as_json: bool) -> None:
    """Ask a model, or all of them, for a word and for a tool call.

    Exit code 0 when all answered, 1 when one did not.  A handful of tokens is spent.
    """
    from dbmedic.chosen import described, opened
    from dbmedic.core.errors import NotFound
    from dbmedic.kit.logs import write_logs
    from dbmedic.models.probe import probe

    config = config_here()
    write_logs("error", config.log_format)  # an attempt that failed is said below, with the last one
    models = [one for one in described(config) if name in (None, one.name)]
    if name is not None and not models:
        raise NotFound("model", name)

    async def work() -> list[Seen]:
        found = []
        for setting in models:
            model = opened(setting)
            try:
                found.append(await probe(model))
            finally:
                await model.close()
        return found

    seen = run(work())
    if as_json:
        print_json({"models": [{**_shown(one), **it._asdict()} for one, it in zip(models, seen, strict=True)]})
    elif not models:
        click.echo("no language model is set: the analyst answers, which needs none")
    for one, it in zip(models, seen, strict=True) if not as_json else ():
        if it.problem:
            click.echo(f"{one.name}: {it.problem}")
            continue
        able = {"counts tokens": it.counts, "thinks aloud": it.thinks, "calls tools": it.tools}
        words = ", ".join(what if can else f"no: {what}" for what, can in able.items())
        click.echo(f"{one.name}: answers after {it.took_s:.1f} s; {words}")
        if not it.tools:
            click.echo(f"{one.name}: a model that calls no tools cannot measure anything; choose another", err=True)
    sys.exit(1 if any(it.problem for it in seen) else 0)


@command.command(cls=with_settings("data", "config"))
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How many days, with today.")
@json_flag
def usage(days: int, as_json: bool) -> None:
    """Show what the models cost, by account and day (UTC)."""

    async def work() -> None:
        async with opened(config_here()) as parts:
            assert parts.assistant.spending is not None
            rows = await parts.assistant.spending.usage(days)
        if as_json:
            return print_json(
                {"usage": [{**row._asdict(), "day": f"{row.day:%Y-%m-%d}", "cost": str(row.cost)} for row in rows]}
            )
        print_table(
            ("DAY", "ACCOUNT", "TURNS", "TOOL CALLS", "PROMPT TOKENS", "ANSWER TOKENS", "COST"),
            [
                (
                    f"{row.day:%Y-%m-%d}",
                    row.account,
                    row.turns,
                    row.calls,
                    row.prompt_tokens,
                    row.completion_tokens,
                    f"{row.cost:.4f} {row.currency}",
                )
                for row in rows
            ],
        )
        return None

    run(work())


def _shown(one: ModelSetting) -> dict[str, object]:
    """A model without its key."""
    return {
        "name": one.name,
        "model": one.wire_name,
        "kind": one.kind,
        "url": _address(one),
        "key": "set" if one.key else "",
        "context_window": one.context_window,
        "thinking": one.thinking,
        "vision": one.vision,
    }


def _address(one: ModelSetting) -> str:
    """Its URL without the account that may be in it."""
    scheme, found, rest = one.url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{found}{host.rpartition('@')[2]}{slash}{path}"
