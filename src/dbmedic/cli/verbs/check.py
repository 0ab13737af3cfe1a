"""`dbmedic check`: the catalogue of checks, and single checks run at once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened_on, run, target_of
from dbmedic.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from dbmedic.core.events import Event


@click.group(epilog="\b\nExample:\n  dbmedic check run disk-used conn-usage --on postgresql://user:password@host/db")
def command() -> None:
    """List, explain and run single checks."""


@command.command("list")
@click.option("--engine", help="Only checks of this engine: postgres, mysql, mariadb, sqlite or redis.")
@json_flag
def list_(engine: str | None, as_json: bool) -> None:
    """List all checks, by inspection item."""
    from dbmedic.checks.check import catalogue

    found = [check for check in catalogue().values() if engine is None or check.engine(engine) is not None]
    found.sort(key=lambda check: (check.item, check.id))
    if as_json:
        lines = [
            {"id": one.id, "item": one.item, "title": one.text["en"].title, "engines": list(one.on)} for one in found
        ]
        return print_json({"checks": lines})
    print_table(
        ("CHECK", "ITEM", "ENGINES", "TITLE"),
        [(one.id, one.item, " ".join(one.on), one.text["en"].title) for one in found],
    )
    return None


@command.command()
@click.argument("id")
@json_flag
def show(id: str, as_json: bool) -> None:
    """Explain one check: what it measures, its levels, its fix."""
    from dbmedic.checks.check import catalogue
    from dbmedic.checks.reference import section
    from dbmedic.core.errors import NotFound

    check = catalogue().get(id)
    if check is None:
        raise NotFound("check", id)
    if not as_json:
        return click.echo("\n".join(section(check)).strip())
    levels = {name: step.text for name in ("warning", "error") if (step := getattr(check.level, name)) is not None}
    print_json(
        {
            "id": check.id,
            "item": check.item,
            "object": check.object,
            "columns": check.columns,
            "level": levels,
            "thresholds": check.thresholds,
            "text": {
                tag: {"title": one.title, "finding": one.finding, "why": one.why} for tag, one in check.text.items()
            },
            "engines": {name: {"fix": [fix.do for fix in on.fix]} for name, on in check.on.items()},
        }
    )
    return None


@command.command("run", cls=with_settings("data", "config", "check_budget_s", "window_s", "language", "zone"))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--on", metavar="URL|ID", required=True, help="Database: its URL, or the id of a registered instance.")
@json_flag
def run_(ids: tuple[str, ...], on: str, as_json: bool) -> None:
    """Run checks on a database and print what they found.

    Exit code 0 when all of them could be measured, 1 when one could not.
    """
    from dbmedic.checks.check import catalogue
    from dbmedic.core.errors import NotFound

    for one in ids:
        if one not in catalogue():
            raise NotFound("check", one)
    config = config_here()

    async def work() -> tuple[str, dict[str, dict[str, Any]]]:
        from datetime import UTC, datetime
        from itertools import count
        from math import inf

        from anyio import create_memory_object_stream

        from dbmedic.checks.run import run as run_checks

        said, heard = create_memory_object_stream["Event"](inf)
        numbers = count(1)
        async with opened_on(config, on) as (parts, instance):
            assert instance is not None
            await run_checks(
                ids,
                await target_of(parts, instance),
                call="cli",
                say=said.send,
                new_measure=lambda: f"m{next(numbers)}",
                now=lambda: datetime.now(UTC),
                budget_s=config.check_budget_s,
                window_s=config.window_s,
            )
        said.close()
        events = [event async for event in heard]
        return instance, results(events, None if config.language == "auto" else config.language, config.zone)

    instance, found = run(work())
    if as_json:
        print_json({"instance": instance, "checks": list(found.values())})
    else:
        for line in found.values():
            click.echo(f"{line['level']:8} {line['check']}" + (f": {line['sentence']}" if line["sentence"] else ""))
            for finding in line["findings"]:
                click.echo(f"         {finding['sentence']}")
                if finding["fix"]:
                    click.echo(f"         {finding['fix']};")
            if line["grant"]:
                click.echo(f"         {line['grant']};")
    sys.exit(1 if any(one["level"] == "failed" for one in found.values()) else 0)


def results(said: list[Event], language: str | None, zone: str) -> dict[str, dict[str, Any]]:
    """Check id -> its level, measures, findings in words, and what it could not see."""
    from dbmedic.checks.check import catalogue, render
    from dbmedic.core.events import Checked, Found, Measured, Skipped

    measures = {event.measure.id: event.measure for event in said if isinstance(event, Measured)}
    found: dict[str, dict[str, Any]] = {}
    for event in said:
        if isinstance(event, Skipped):
            found[event.check] = _line(event.check, "skipped", event.because)
        elif isinstance(event, Checked):
            found[event.check] = _line(event.check, event.level, event.sentence)
            found[event.check]["grant"] = event.grant
            found[event.check]["measures"] = [measures[id] for id in event.measures if id in measures]
    for event in said:
        if isinstance(event, Found):
            one = event.finding
            sentence = render(catalogue()[one.check], measures[one.measure], language, zone)
            fix = one.fix.statement if one.fix else None
            found[one.check]["findings"].append(
                {"object": one.object, "level": one.level, "sentence": sentence, "fix": fix}
            )
    return found


def _line(check: str, level: str, sentence: str) -> dict[str, Any]:
    return {
        "check": check, "level": level, "sentence": sentence, "grant": None, "measures": [], "findings": [],
    }  # fmt: skip
