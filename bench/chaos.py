"""What several replicas lose and double while things break: `dbmedic bench chaos`, some minutes.

Three servers over a PostgreSQL and a Redis of its own, behind a plain TCP balancer with a bad network; 200 official
clients, half Dify's and half Alibaba Cloud's, talk, stop, follow on and have changes approved, while servers are
killed, Redis comes back empty and connections of PostgreSQL end, again and again.  Prints its tally; exit code 1 on
any loss.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests")  # not this folder: it has a chaos, too

import fix_servers  # noqa: E402
from chaos.playing import World, ended, play, world  # noqa: E402
from dbmedic.cli import servers  # noqa: E402


async def harm(here: World, chance: random.Random, done: Counter[str]) -> None:
    """Something breaks every second or two."""
    while True:
        await asyncio.sleep(chance.uniform(1, 2))
        what = chance.choice(["replica killed", "Redis cut", "Redis killed", "PostgreSQL cut", "instance cut"])
        done[what] += 1
        match what:
            case "replica killed":
                number = chance.randrange(len(here.servers))
                await here.kill(number)
                await asyncio.sleep(chance.uniform(0, 2))
                await here.start(number)
            case "Redis cut":
                await here.redis.cut()
            case "Redis killed":
                await here.redis.kill()
                await asyncio.sleep(chance.uniform(0, 1))
                await here.redis.start()
            case "PostgreSQL cut":
                await here.cut(here.store)
            case _:
                await here.cut(here.shop)


async def main(clients: int, rounds: int, most: int, seed: int, harmed: float) -> int:
    binaries = servers.system_binaries() or servers.wheel_binaries()
    if binaries is None:
        print("no PostgreSQL: apt install postgresql", file=sys.stderr)
        return 1
    done: Counter[str] = Counter()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # Alibaba's SDK leaves a session open when a stream breaks
    with tempfile.TemporaryDirectory(prefix="dbmedic-chaos-") as folder, fix_servers.private_folder() as data:
        running = await asyncio.to_thread(
            servers.postgres, data, binaries=binaries, settings={"max_connections": "100"}
        )
        try:
            server = fix_servers.Server("postgres", running.url, running.version, data)
            with server.database() as store, server.database() as shop:
                where = world(Path(folder), store, shop, replicas=3, most=most, harmed=harmed, seed=seed)
                async with where as here:
                    harming = asyncio.create_task(harm(here, random.Random(seed), done))
                    tally = await play(here, clients, rounds, seed, lambda: ended(harming))
                if (many := here.echo.most) > most:
                    tally.wrong.append(f"{many} turns at once, at most {most}")
        finally:
            await asyncio.to_thread(running.stop)
    if tally.counts["turns that ended well"] < len(tally.turns) / 3:
        tally.wrong.append("too few turns ended well to show anything")
    tally.counts |= {f"harm: {name}": count for name, count in done.items()}
    print(f"{clients} clients, {rounds} rounds, seed {seed}")
    print("\n".join(tally.lines()))
    print("nothing lost, nothing doubled" if not tally.wrong else f"{len(tally.wrong)} wrong")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--most", type=int, default=64, help="turns that may run at once")
    parser.add_argument("--harmed", type=float, default=0.1, help="share of the connections on a bad network, 0..1")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.clients, given.rounds, given.most, given.seed, given.harmed)))
