"""A whole server with one watched SQLite file, as a Dify client and a scrape see it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import apsw

from api.dify.desk import Client
from dbmedic.app import build, run
from dbmedic.assistant.accounts import LOCAL
from dbmedic.config import Config
from dbmedic.core.ports import Model


@contextlib.asynccontextmanager
async def serving(
    folder: Path, script: Model | None, /, *, tracing: Any = None, **settings: Any
) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """A client of a running server that watches `shop`, and what ends it."""
    shop = folder / "shop.db"
    with contextlib.closing(apsw.Connection(str(shop))) as connection:
        connection.execute("create table orders (id integer primary key, total int)")
    config = Config(data=folder / "data", port=0, **settings)
    beside = await build(config, models={})
    await beside.assistant.instances.add("shop", f"sqlite:///{shop}", LOCAL)
    key = (await beside.assistant.keys.create(app="ops")).secret
    await beside.close()
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    models = None if script is None else {"script": script}
    task = asyncio.create_task(run(config, ready=url.set_result, stop=stop, models=models, tracing=tracing))
    await asyncio.wait([task, url], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        async with aiohttp.ClientSession() as http:
            yield Client(http, url.result(), key), stop
    finally:
        stop.set()
        await task
