"""The demo from the first line to the last: database, load, server, two questions, and how to go on."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click
from aiohttp import ClientSession

from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.folder import Folder, open_folder
from dbmedic.cli import servers
from dbmedic.cli.demo.shop import DATABASE, Shop, open_shop
from dbmedic.cli.demo.tour import INSTANCE, QUESTIONS, ask, ready
from dbmedic.cli.demo.traffic import traffic
from dbmedic.cli.opened import opened
from dbmedic.cli.progress import Progress
from dbmedic.config import Config
from dbmedic.core.errors import FolderTaken, Unreachable

APP = "demo"
START_S, STOP_S = 30.0, 15.0


async def demo(config: Config, *, once: bool, any_port: bool) -> int:
    """Exit code: 0 when both questions were answered, 1 when not, 130 when interrupted before.

    `any_port` takes another port than that of `config` when that one is taken.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    assert config.data is not None
    config.data.mkdir(mode=0o711, parents=True, exist_ok=True)  # PostgreSQL's own account must get through

    def end() -> None:
        """The first signal ends the demo in order; later ones must not cut that short."""
        if not task.cancelling():
            task.cancel()

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, end)
    answered: bool | None = None
    try:
        async with alone(config.data), shop_of(config) as shop, traffic(shop.web_url):
            key = await register(config, shop)
            port = servers.free_port() if any_port and taken(config.port) else config.port
            async with server(config, port) as url:
                answered = await tour(url, key)
                if not answered:
                    say(f"the server's log says more: {config.data / 'server.log'}")
                if not once:
                    say(on_from_here(url, key, shop))
                    await asyncio.Event().wait()
    except asyncio.CancelledError:
        task.uncancel()
        return 130 if answered is None else 0
    return 0 if answered else 1


@contextlib.asynccontextmanager
async def alone(data: Path) -> AsyncIterator[None]:
    """One demo on a folder at a time: another one's database must not be taken from it.

    The server of a demo that was killed ends by itself within seconds, so it is waited for.  Raises `FolderTaken`.
    """
    (data / "postgres").mkdir(mode=0o711, parents=True, exist_ok=True)
    demo, server = Folder(data / "postgres"), await open_folder(data)
    await demo.lock()
    try:
        until = asyncio.get_running_loop().time() + STOP_S
        while not await _free(server):
            if asyncio.get_running_loop().time() > until:
                await server.lock()
            await asyncio.sleep(0.2)
        yield
    finally:
        demo.unlock()


async def _free(folder: Folder) -> bool:
    try:
        await folder.lock()
    except FolderTaken:
        return False
    folder.unlock()
    return True


@contextlib.asynccontextmanager
async def shop_of(config: Config) -> AsyncIterator[Shop]:
    """The running shop; its PostgreSQL is gone when the block ends, however it ends."""
    assert config.data is not None
    opening = asyncio.create_task(asyncio.to_thread(open_shop, config.data / "postgres", say))
    try:
        shop = await asyncio.shield(opening)
    except asyncio.CancelledError:
        with contextlib.suppress(Unreachable):
            await asyncio.to_thread((await opening).server.stop)
        raise
    say(f"PostgreSQL {shop.server.version} runs on port {shop.server.port}, with the shop and some load on it")
    try:
        yield shop
    finally:
        await asyncio.to_thread(shop.server.stop)


async def register(config: Config, shop: Shop) -> str:
    """The shop as an instance, and a new app key for it; the keys of earlier demos end."""
    async with opened(config) as parts:
        instances, keys = parts.assistant.instances, parts.assistant.keys
        if INSTANCE in [card.id for card in await instances.visible(LOCAL)]:
            await instances.update(INSTANCE, LOCAL, url=shop.medic_url)
        else:
            await instances.add(INSTANCE, shop.medic_url, LOCAL, name="the demo's shop", tags={"shop": "demo"})
        for key in await keys.list():
            if key.app == APP and key.revoked_at is None:
                await keys.revoke(key.id)
        return (await keys.create(app=APP, instances=[INSTANCE], name="demo")).secret


@contextlib.asynccontextmanager
async def server(config: Config, port: int) -> AsyncIterator[str]:
    """`dbmedic serve` as a process of its own; the base URL once it is ready.  It ends with this process.

    Raises `Unreachable` with the end of its log when it does not come up.
    """
    assert config.data is not None
    log, url = config.data / "server.log", f"http://127.0.0.1:{port}"
    words = ["serve", "--with-parent", "--data", str(config.data), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "dbmedic", *words, "--model-url", "",
            stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        async with ClientSession() as session:
            up = asyncio.create_task(ready(session, url, within_s=START_S))
            await asyncio.wait({up, over := asyncio.create_task(process.wait())}, return_when="FIRST_COMPLETED")
            if over.done() or not up.result():
                up.cancel()
                raise Unreachable(f"the server did not start: {tail(log)}")
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def tour(url: str, key: str) -> bool:
    """Asks both questions; whether both were answered."""
    answered = True
    async with ClientSession() as session:
        for question in QUESTIONS:
            say(f"\n{click.style('?', fg='cyan')} {click.style(question, bold=True)}\n")
            with Progress(keep=True) as progress:
                answered = await ask(session, url, key, question, progress) and answered
    return answered


def on_from_here(url: str, key: str, shop: Shop) -> str:
    """What to try next."""
    head = f"-H 'Authorization: Bearer {key}'"
    body = '{"query": "%s", "inputs": {}, "response_mode": "%s", "user": "demo"}'
    post = f"{head} -H 'Content-Type: application/json'"
    password = shop.server.folder / "password"
    own = servers.wheel_binaries()
    psql = "psql" if shutil.which("psql") or own is None else own / "psql"
    return f"""
The server stays up until Ctrl-C.

  URL  {url}
  key  {key}

  curl -N {url}/v1/chat-messages {post} \\
    -d '{body % ("Is anything wrong?", "streaming")}'
  curl {url}/v1/chat-messages {post} \\
    -d '{body % ("哪些语句最慢?", "blocking")}'
  curl '{url}/v1/conversations?user=demo' {head}

The shop itself, to try a fix and ask again:

  PGPASSWORD=$(cat {password}) {psql} -h 127.0.0.1 -p {shop.server.port} -U postgres {DATABASE}
"""


def taken(port: int) -> bool:
    """Whether somebody listens on that port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def tail(log: Path, size: int = 2000) -> str:
    """The end of a log file."""
    return log.read_text(errors="replace")[-size:].strip()


def say(line: str) -> None:
    """A line for whoever watches."""
    click.echo(line)
