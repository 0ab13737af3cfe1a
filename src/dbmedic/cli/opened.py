"""The parts of dbmedic, opened for one command and closed after it, beside a server that may be running."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dbmedic.cli.flags import config_of

if TYPE_CHECKING:
    from dbmedic.app import Parts
    from dbmedic.config import Config
    from dbmedic.core.ports import Target

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a command's work."""
    import asyncio

    return asyncio.run(work)


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Parts]:
    """The parts over the data folder of these settings."""
    from dbmedic.app import build
    from dbmedic.kit.logs import say_logs

    say_logs()
    parts = await build(config)
    try:
        yield parts
    finally:
        await parts.close()


@contextlib.asynccontextmanager
async def opened_on(
    config: Config, on: str | None, write_url: str | None = None
) -> AsyncIterator[tuple[Parts, str | None]]:
    """The parts, and the id of the instance that `--on` means.

    A URL is an instance of its own, in a store in memory; anything else is the id of a registered one.
    """
    from msgspec.structs import replace

    from dbmedic.assistant.accounts import LOCAL

    if on is None or "://" not in on:
        async with opened(config) as parts:
            yield parts, on
        return
    async with opened(replace(config, data=None)) as parts:
        instance = await parts.assistant.instances.add(id_of(on), on, LOCAL, write_url=write_url)
        yield parts, instance.id


async def target_of(parts: Parts, instance: str) -> Target:
    """The instance, ready to be measured.  Raises `UnknownInstance`."""
    from dbmedic.assistant.accounts import LOCAL

    return await parts.assistant.watch.target(instance, LOCAL)


def id_of(url: str) -> str:
    """What to call a database that has no name but its URL: by its database, its file or its host.

    >>> id_of("postgresql://me:secret@db.example.com/shop_eu")
    'shop-eu'
    >>> id_of("sqlite:////var/lib/app/data.db")
    'data'
    >>> id_of("mysql://db.example.com")
    'db'
    """
    rest = url.partition("://")[2].partition("?")[0]
    authority, _, path = rest.rpartition("@")[2].partition("/")
    name = path.rstrip("/").rpartition("/")[2].partition(".")[0] or authority.partition(":")[0].partition(".")[0]
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name).strip("-")[:63]
    return name if name[:1].isalpha() else f"db-{name}".rstrip("-")


def config_here() -> Config:
    """The settings of the command that runs."""
    return config_of(click.get_current_context())
