"""`dbmedic instance`: the watched databases, registered, listed, checked, removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, opened, run
from dbmedic.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from dbmedic.core.values import Instance

ADMINISTRATIVE = with_settings("data", "config")


@click.group(
    epilog="""\b
Examples:
  dbmedic instance add shop postgresql://dbmedic:password@db.internal/shop --storage 100GiB
  dbmedic instance check shop          what the account may see, and the GRANT that would help
  dbmedic instance grants postgres     the two roles that dbmedic documents, as SQL"""
)
def command() -> None:
    """Register, list, check and remove watched databases."""


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@click.argument("url")
@click.option("--name", default="", help="What people call it.")
@click.option("--region", default="")
@click.option("--tags", "tags", multiple=True, metavar="NAME=VALUE", help="Repeatable, or several with commas.")
@click.option("--storage", metavar="SIZE", help="Size of its volume where nothing measures it: 100GiB.")
@click.option("--metrics", metavar="URL", help="Base URL of a Prometheus server that watches its host.")
@click.option("--log", metavar="PLACE", help="Where its own log is: a path, journald:UNIT or docker:NAME.")
@click.option("--write-url", metavar="URL", help="URL for changes that a person approved.")
@click.option("--rows", type=click.Choice(["never", "allow"]), default="never", show_default=True,
              help="Whether answers may read rows of its tables.")  # fmt: skip
@click.option("--no-check", is_flag=True, help="Register it without connecting to it.")
@json_flag
def add(
    id: str,
    url: str,
    name: str,
    region: str,
    tags: tuple[str, ...],
    storage: str | None,
    metrics: str | None,
    log: str | None,
    write_url: str | None,
    rows: Any,
    no_check: bool,
    as_json: bool,
) -> None:
    """Register a database under an ID, and say what its account may see, or why it does not answer."""
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.cli.checkup import checkup, print_checkup
    from dbmedic.core.errors import OutsideFailed

    config, fields = config_here(), tags_of(tags) | ({} if log is None else {"log": log_place(log)})
    size = storage_of(storage)

    async def work() -> tuple[Instance, dict[str, Any] | None]:
        async with opened(config) as parts:
            instances = parts.assistant.instances
            added = await instances.add(
                id, url, LOCAL, name=name, region=region, tags=fields, storage_bytes=size,
                metrics_url=metrics, write_url=write_url, rows=rows,
            )  # fmt: skip
            if no_check:
                return added, None
            try:
                return added, await checkup(await parts.assistant.watch.target(id, LOCAL))
            except OutsideFailed as failure:
                return added, {"error": {"code": failure.code, "message": str(failure)}}

    added, report = run(work())
    if as_json:
        print_json({**shown(added), "check": report})
    elif report is None:
        click.echo(f"instance {id} registered, not checked")
    elif "error" in report:
        click.echo(f"instance {id} registered, but it does not answer: {report['error']['message']}")
    else:
        click.echo(f"instance {id} registered")
        print_checkup(report)


@command.command("list", cls=ADMINISTRATIVE)
@json_flag
def list_(as_json: bool) -> None:
    """List the registered databases."""
    from dbmedic.assistant.accounts import LOCAL

    config = config_here()

    async def work() -> list[Instance]:
        async with opened(config) as parts:
            return await parts.assistant.instances.list(LOCAL)

    lines = [shown(one) for one in run(work())]
    if as_json:
        return print_json({"instances": lines})
    print_table(
        ("ID", "ENGINE", "NAME", "REGION", "URL"),
        [(line["id"], line["engine"], line["name"], line["region"], line["url"]) for line in lines],
    )
    return None


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@json_flag
def show(id: str, as_json: bool) -> None:
    """Show all that is registered of one database, without its password."""
    from dbmedic.assistant.accounts import LOCAL

    config = config_here()

    async def work() -> Instance:
        async with opened(config) as parts:
            return await parts.assistant.instances.get(id, LOCAL)

    line = shown(run(work()))
    if as_json:
        return print_json(line)
    tags = ", ".join(f"{tag}={value}" for tag, value in line["tags"].items())
    print_table(("FIELD", "VALUE"), [(field, tags if field == "tags" else value) for field, value in line.items()])
    return None


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@json_flag
def check(id: str, as_json: bool) -> None:
    """Connect, and say what the account may see, what it may not, and the GRANT that would help.

    Exit code 1 when there is no connection.
    """
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.cli.checkup import checkup, print_checkup

    config = config_here()

    async def work() -> dict[str, Any]:
        async with opened(config) as parts:
            return await checkup(await parts.assistant.watch.target(id, LOCAL))

    report = run(work())
    if as_json:
        print_json(report)
    else:
        print_checkup(report)


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@click.argument("tags", nargs=-1, required=True, metavar="NAME=VALUE...")
@json_flag
def tag(id: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Set tags of a database, such as backup_at=2026-11-20T02:00:00Z; NAME= removes one."""
    from dbmedic.assistant.accounts import LOCAL

    config, given = config_here(), tags_of(tags)

    async def work() -> dict[str, str]:
        async with opened(config) as parts:
            instances = parts.assistant.instances
            wanted = {**(await instances.get(id, LOCAL)).tags, **given}
            return (await instances.update(id, LOCAL, tags={name: text for name, text in wanted.items() if text})).tags

    after = run(work())
    if as_json:
        print_json({"id": id, "tags": after})
    else:
        click.echo(f"{id}: {', '.join(f'{name}={text}' for name, text in after.items()) or 'no tags'}")


@command.command(cls=ADMINISTRATIVE)
@click.argument("id")
@json_flag
def remove(id: str, as_json: bool) -> None:
    """Forget a database; conversations about it stay."""
    from dbmedic.assistant.accounts import LOCAL

    config = config_here()

    async def work() -> None:
        async with opened(config) as parts:
            await parts.assistant.instances.remove(id, LOCAL)

    run(work())
    if as_json:
        print_json({"id": id, "removed": True})
    else:
        click.echo(f"instance {id} removed")


@command.command()
@click.argument("engine", type=click.Choice(["postgres", "mysql", "mariadb", "redis"]))
@click.option("--account", type=click.Choice(["observe", "explain"]), default="explain", show_default=True)
@click.option("--role", default="dbmedic", show_default=True, help="Name of the account.")
@json_flag
def grants(engine: str, account: Any, role: str, as_json: bool) -> None:
    """Print the statements that make an account for dbmedic.

    observe sees statistics, sessions and metadata but no row of a table; explain may also plan the application's
    statements, which takes the right to read their tables.  Redis has one account: it may call what reads, and
    nothing that returns the value of a key.
    """
    from dbmedic.engines.grants import template

    statements = template(engine, account, role)
    if as_json:
        return print_json({"engine": engine, "account": account, "statements": statements})
    for statement in statements:
        text, dashes, comment = statement.partition("  --")
        click.echo(text if engine == "redis" else f"{text};{dashes}{comment}")
    return None


def shown(instance: Instance) -> dict[str, Any]:
    """What may be printed of an instance."""
    from dbmedic.kit.units import bytes_text
    from dbmedic.kit.urls import engine_of, safe_url

    return {
        "id": instance.id,
        "engine": engine_of(instance.url),
        "url": safe_url(instance.url),
        "name": instance.name,
        "region": instance.region,
        "tags": instance.tags,
        "storage_bytes": instance.storage_bytes,
        "storage": bytes_text(instance.storage_bytes) if instance.storage_bytes else None,
        "metrics_url": safe_url(instance.metrics_url) if instance.metrics_url else None,
        "write_url": safe_url(instance.write_url) if instance.write_url else None,
        "rows": instance.rows,
        "created_at": instance.created_at,
    }


def tags_of(texts: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE, several with commas.  Raises `BadField`."""
    from dbmedic.core.errors import BadField

    pairs = [text.strip().partition("=") for given in texts for text in given.split(",") if text.strip()]
    for tag, equals, _ in pairs:
        if not tag or not equals:
            raise BadField("tags", f"--tags: {tag or '='!r} is not NAME=VALUE")
    return {tag.strip(): value.strip() for tag, _, value in pairs}


def log_place(place: str) -> str:
    """Where a log is, a path made absolute.  Raises `click.BadParameter`."""
    kind, colon, name = place.partition(":")
    if colon and kind in ("journald", "docker"):
        if not name:
            raise click.BadParameter(f"{kind}: which one? {kind}:NAME", param_hint="--log")
        return place
    return str(Path(place).expanduser().absolute())


def storage_of(text: str | None) -> int | None:
    """A size in bytes.  Raises `BadField`."""
    from dbmedic.core.errors import BadField
    from dbmedic.kit.units import parse_bytes

    if text is None:
        return None
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise BadField("storage_bytes", f"--storage: {text!r} is not a size; write 100GiB, say") from error
