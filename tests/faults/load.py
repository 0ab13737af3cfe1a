"""Clients of the application, as a process of their own: `python load.py`, told on standard input what to play.

Standard input holds one JSON line {"clients", "seconds"}; standard output gets one JSON line per client with the ids of
its sessions, as soon as all its connections are there.  Ends when standard input closes, or after `seconds`.  A step
is a statement, or a number of seconds to wait; `{lo..hi}` in a statement becomes a random number, the same ones in
every run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import shlex
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

NUMBER = re.compile(r"\{(-?\d+)\.\.(-?\d+)\}")


class Session(NamedTuple):
    id: int
    """Of the session on the server."""
    execute: Callable[[str], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


async def main() -> None:
    asked = json.loads(sys.stdin.readline())
    work = [asyncio.create_task(play(client)) for client in asked["clients"]]
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({closed}, timeout=asked["seconds"])
    for task in work:
        task.cancel()
    await asyncio.wait(work, timeout=2)


async def play(client: dict[str, Any]) -> None:
    """Opens the client's connections, says who they are, and lets each play its scripts."""
    sessions = [await connect(client) for _ in range(client["connections"])]
    print(json.dumps({"client": client["name"], "sessions": [one.id for one in sessions]}), flush=True)
    await asyncio.gather(*(keep(client, session, number) for number, session in enumerate(sessions)))


async def keep(client: dict[str, Any], session: Session, number: int) -> None:
    """Plays one connection: a script at a time, chosen by weight; a script that fails is rolled back and forgotten."""
    chance = random.Random(f"{client['name']}{number}")
    scripts = [script["steps"] for script in client["scripts"]]
    weights = [script["weight"] for script in client["scripts"]]
    while scripts:
        try:
            for step in chance.choices(scripts, weights)[0]:
                await (session.execute(filled(step, chance)) if isinstance(step, str) else asyncio.sleep(step))
        except Exception:
            with contextlib.suppress(Exception):
                await session.execute("rollback")
        if client["once"]:
            break
        await asyncio.sleep(client["pause_s"] * chance.uniform(0.5, 1.5))
        if client["reconnects"]:
            with contextlib.suppress(Exception):
                await session.close()
                session = await connect(client)
    await asyncio.Event().wait()


def filled(statement: str, chance: random.Random) -> str:
    return NUMBER.sub(lambda match: str(chance.randint(int(match[1]), int(match[2]))), statement)


async def connect(client: dict[str, Any]) -> Session:
    url: str = client["url"]
    if url.startswith("postgres"):
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            url, autocommit=True, application_name=client["name"], prepare_threshold=None
        )

        async def execute(statement: str) -> None:
            cursor = await connection.execute(statement)  # type: ignore[call-overload]
            if cursor.description:
                await cursor.fetchall()

        return Session(connection.info.backend_pid, execute, connection.close)
    if url.startswith("redis"):
        from redis.asyncio import Redis

        there = Redis.from_url(url, client_name=client["name"], single_connection_client=True, socket_timeout=None)

        async def command(line: str) -> None:
            await there.execute_command(*shlex.split(line))

        return Session(int(await there.client_id()), command, there.aclose)
    if url.startswith("sqlite"):
        import sqlite3

        # One thread a connection, as the file's programs have one process each; their patience is the usual 5 s.
        path, alone = url.partition(":///")[2], ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(alone, lambda: sqlite3.connect(path, timeout=5, isolation_level=None))

        async def on_file(statement: str) -> None:
            await loop.run_in_executor(alone, lambda: file.execute(statement).fetchall())

        async def closed() -> None:
            await loop.run_in_executor(alone, file.close)

        return Session(os.getpid(), on_file, closed)
    import asyncmy

    parts = urlsplit(url)
    other = await asyncmy.connect(
        host=parts.hostname, port=parts.port or 3306, user=unquote(parts.username or ""),
        password=unquote(parts.password or ""), database=parts.path.strip("/"), autocommit=True,
    )  # fmt: skip

    async def execute_there(statement: str) -> None:
        async with other.cursor() as cursor:
            await cursor.execute(statement)
            await cursor.fetchall()

    return Session(other.thread_id(), execute_there, other.ensure_closed)


if __name__ == "__main__":
    asyncio.run(main())
