"""What several replicas lose and double while things break: `dbmedic bench chaos`, about three minutes.

Three servers over a PostgreSQL and a Redis of its own, behind a plain TCP balancer; 200 clients talk, stop and take up
their streams while servers are killed and connections cut, again and again.  Prints its tally; exit code 1 on any loss.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests")  # not this folder: it has a chaos, too

import fix_servers  # noqa: E402
from chaos.playing import World, play, world  # noqa: E402
from dbmedic.cli import servers  # noqa: E402


async def harm(here: World, database: fix_servers.Database, redis: fix_servers.Server, chance: random.Random) -> None:
    """Something breaks every second or two."""
    while True:
        await asyncio.sleep(chance.uniform(1, 2))
        match chance.choice(["server", "redis", "postgres"]):
            case "server":
                number = chance.randrange(len(here.servers))
                await here.kill(number)
                await asyncio.sleep(chance.uniform(0, 2))
                await here.start(number)
            case "redis":
                await asyncio.to_thread(redis.run, "CLIENT KILL TYPE normal SKIPME yes")
            case _:
                await asyncio.to_thread(
                    database.run,
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()",
                )


async def main(clients: int, rounds: int, most: int, seed: int) -> int:
    binaries = servers.system_binaries() or servers.wheel_binaries()
    if binaries is None:
        print("no PostgreSQL: apt install postgresql", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="dbmedic-chaos-") as folder, fix_servers.private_folder() as data:
        running = await asyncio.to_thread(
            servers.postgres, data, binaries=binaries, settings={"max_connections": "100"}
        )
        try:
            server = fix_servers.Server("postgres", running.url, running.version, data)
            with server.database() as database, fix_servers.private_redis() as redis:
                async with world(Path(folder), database.url, redis.url, replicas=3, most=most) as here:
                    harming = asyncio.create_task(harm(here, database, redis, random.Random(seed)))
                    tally = await play(here, clients, rounds, seed)
                    harming.cancel()
                    await asyncio.wait([harming])
                if (many := here.echo.most) > most:
                    tally.wrong.append(f"{many} turns at once, at most {most}")
        finally:
            await asyncio.to_thread(running.stop)
    print(f"{clients} clients, {rounds} rounds, seed {seed}")
    print("\n".join(tally.lines()))
    print("nothing lost, nothing doubled" if not tally.wrong else f"{len(tally.wrong)} wrong")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--most", type=int, default=64, help="turns that may run at once")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.clients, given.rounds, given.most, given.seed)))
