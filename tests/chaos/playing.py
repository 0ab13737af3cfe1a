"""Replicas behind a balancer, people who talk through it by their official clients, and what breaks meanwhile.

Every question carries a mark, and the model says it back in many words, so each answer can be told from every other.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chaos.aliyun_people import AliyunPerson
from chaos.balancer import Balancer, balancing
from chaos.dify_people import DifyPerson
from chaos.echo import INSTANCE, Echo, echoing
from chaos.forgetful import Forgetful, forgetful
from chaos.tally import Kept, Tally, judged
from clients.running import Server
from fix_servers import Database

PROGRESS_S = 10.0
TERMINATE = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


class World:
    """The replicas, what is in front of them, and what is behind."""

    def __init__(
        self, balancer: Balancer, echo: Echo, servers: list[Server], redis: Forgetful, store: Database, shop: Database
    ) -> None:
        self.balancer, self.echo, self.servers, self.redis = balancer, echo, servers, redis
        self.store, self.shop = store, shop
        self._ports: dict[int, int] = {}

    async def kill(self, number: int) -> None:
        """As a machine that goes away; it comes back with `start`."""
        await asyncio.to_thread(self.servers[number].end, signal.SIGKILL)

    async def start(self, number: int) -> None:
        url = await asyncio.to_thread(self.servers[number].start)
        self._ports[number] = int(url.rpartition(":")[2])
        self.balancer.ports = list(self._ports.values())

    async def cut(self, database: Database) -> None:
        """Ends every connection to a database."""
        await asyncio.to_thread(database.run, TERMINATE)


@contextlib.asynccontextmanager
async def world(
    folder: Path, store: Database, shop: Database, *, replicas: int, most: int, harmed: float, seed: int
) -> AsyncIterator[World]:
    """`harmed`: which share of the connections suffers, 0..1."""
    await asyncio.to_thread(shop.run, "create table if not exists ledger (mark text)")
    async with balancing(harmed, seed) as balancer, echoing() as echo, forgetful() as redis:
        shared = {"store": store.url, "bus": redis.url, "key": "0" * 64, "lease_s": "2", "max_turns": str(most),
                  "model_url": echo.url, "model": "echo", "sample": "false"}  # fmt: skip
        servers = [Server(folder / f"replica-{n}", **shared) for n in range(replicas)]
        here = World(balancer, echo, servers, redis, store, shop)
        try:
            await asyncio.gather(*(here.start(n) for n in range(replicas)))
            yield here
        finally:
            for server in here.servers:
                await asyncio.to_thread(server.end, signal.SIGKILL)


async def ended(task: asyncio.Task[None]) -> None:
    """Cancels a task at its next rest and waits for it; what it did wrong is raised."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def play(here: World, clients: int, rounds: int, seed: int, calm: Callable[[], Awaitable[None]]) -> Tally:
    """All rounds of all clients, half of each kind, at once; then, when it is calm, what is kept of them."""
    tally, chance = Tally(), random.Random(seed)
    first = here.servers[0]
    shop = here.shop.url
    await asyncio.to_thread(first.dbmedic, "instance", "add", INSTANCE, shop, "--write-url", shop, "--no-check")
    key = await asyncio.to_thread(first.key)
    approver = await asyncio.to_thread(first.key, "ops", "--right", "ask", "--right", "approve")
    signing = await asyncio.to_thread(first.dbmedic, "key", "create", "--ram", "--user", "ann")
    url = here.balancer.url
    people = [
        DifyPerson(n, url, key, approver, tally, random.Random(chance.random()))
        if n % 2
        else AliyunPerson(n, url, signing, approver, tally, random.Random(chance.random()))
        for n in range(clients)
    ]
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(clients + 8))
    talking = [asyncio.create_task(one.talk(rounds)) for one in people]
    while (await asyncio.wait(talking, timeout=PROGRESS_S))[1]:
        open_turns = [turn.mark for turn in tally.turns if not turn.ended]
        print(
            f"{len(tally.turns)} turns, open: {', '.join(open_turns[:6])}; {tally.counts.most_common(6)}",
            file=sys.stderr,
        )
    await asyncio.gather(*talking)
    await calm()
    await here.redis.start()
    for number, server in enumerate(here.servers):
        if server.process is None or server.process.poll() is not None:
            await here.start(number)
    here.balancer.share = 0.0
    kept: dict[str, Kept] = {}
    for one in people:
        kept |= await one.kept()
    ledger = Counter(mark for (mark,) in await asyncio.to_thread(here.shop.run, "select mark from ledger"))
    judged(tally, kept, ledger, here.echo)
    tally.wrong += [
        f"{mark}: the model was asked {count} times" for mark, count in here.echo.asked.items() if count > 1
    ]
    tally.counts["most turns at once"] = here.echo.most
    tally.counts["milliseconds a word was late at most"] = round(here.echo.late * 1000)
    tally.counts |= {f"network: {name}": count for name, count in here.balancer.done.items()}
    return tally
