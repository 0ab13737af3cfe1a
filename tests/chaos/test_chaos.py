"""Three replicas over PostgreSQL and Redis, while one is killed and connections are dropped: the short form."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chaos.playing import play, world
from fix_servers import Database, Server

CLIENTS, ROUNDS, MOST = 30, 1, 10


async def test_nothing_is_lost_or_doubled_while_a_replica_dies_and_connections_drop(
    tmp_path: Path, store_url: str, store_database: Database, redis: Server
) -> None:
    async with world(tmp_path, store_url, redis.url, replicas=3, most=MOST) as here:

        async def harm() -> None:
            while len(here.echo.asked) < CLIENTS // 3:
                await asyncio.sleep(0.02)
            await here.kill(1)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(redis.run, "CLIENT KILL TYPE normal SKIPME yes")
            await asyncio.sleep(0.3)
            await asyncio.to_thread(
                store_database.run,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()",
            )
            await here.start(1)

        harming = asyncio.create_task(harm())
        tally = await play(here, CLIENTS, ROUNDS, seed=7)
        await harming
    print("\n".join(tally.lines()))
    assert tally.wrong == []
    assert len(tally.turns) >= CLIENTS * ROUNDS
    assert tally.counts["turns that ended well"] >= CLIENTS / 3
    assert tally.counts["turns stopped"] > 1
    assert here.echo.most <= MOST
    assert max(here.echo.asked.values()) == 1
