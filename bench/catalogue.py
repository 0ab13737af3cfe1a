"""What a diagnosis costs an instance with a big catalogue: seconds, memory, slowest statement, a writer's longest wait.

    python bench/catalogue.py                      PostgreSQL, 20,000 tables with 100,000 indexes
    python bench/catalogue.py --engine mariadb     MariaDB, as many (--tables N for fewer)

Each question is asked by a process of its own, first where there are no tables and then of the big catalogue; its
memory is how much the process's peak grew between the two.  A writer updates a table and alters it all the while.  The
slowest statement is what the server logged of dbmedic's account.  Exit code 1 when a question takes over 20 s, one of
its statements over 2 s, memory grows by 50 MB, or the writer waits for a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

if TYPE_CHECKING:
    from fix_servers import Server

QUESTIONS = (
    "Is anything wrong?",
    "The orders page is slow",
    "What takes up the disk?",
    "Which indexes can be dropped?",
    "Check the security of the instance",
)
LONGEST_S, STATEMENT_S, WAIT_S, MEMORY_MB = 20.0, 2.0, 1.0, 50.0
PASSWORD = "of the bench"
ROLES = ("other", "dbmedic")
"""One for where there are no tables, and one for the big catalogue: an account may open five connections."""
BATCH = 500
POSTGRES = {
    "max_connections": "60",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "max_locks_per_transaction": "4096",
    "shared_buffers": "512MB",
    "shared_preload_libraries": "pg_stat_statements",
    "log_min_duration_statement": "200ms",
    "log_line_prefix": "%u ",
}
MARIADB = (
    "--innodb-buffer-pool-size=512M", "--innodb-doublewrite=OFF", "--performance-schema=ON", "--slow-query-log=ON",
    "--slow-query-log-file=slow.log", "--long-query-time=0.2",
)  # fmt: skip
TABLES = """do $$ begin for n in {first}..{last} loop
execute format('create table t_%1$s (id int primary key, a int, b int, c int, d int)', n);
execute format('create index t_%1$s_a on t_%1$s (a)', n); execute format('create index t_%1$s_b on t_%1$s (b)', n);
execute format('create index t_%1$s_c on t_%1$s (c)', n); execute format('create index t_%1$s_d on t_%1$s (d, a)', n);
end loop; end $$"""


@contextlib.contextmanager
def started(engine: str) -> Iterator[Server]:
    """A private server with an empty database `shop`, and the account that dbmedic documents for itself."""
    from dbmedic.cli import servers
    from dbmedic.engines import grants
    from fix_servers import Server, private_mariadb

    account = [one for role in ROLES for one in grants.template(engine, "explain", role, PASSWORD)]
    if engine == "mariadb":
        with private_mariadb(*MARIADB) as server:
            server.run("create database shop", *account)
            yield server
        return
    folder = Path(tempfile.mkdtemp(prefix="dbmedic-", dir="/tmp"))
    folder.chmod(0o755)
    settings = POSTGRES | {"unix_socket_directories": str(folder / "data")}
    binaries = servers.system_binaries() or servers.wheel_binaries()
    running = servers.postgres(folder, binaries=binaries, settings=settings)
    try:
        server = Server(engine, running.url, running.version, folder)
        server.run("create database shop", "create extension pg_stat_statements", *account)
        server.run("create extension pg_stat_statements", database="shop")
        yield server
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def fill(server: Server, tables: int) -> None:
    """Makes the tables, five indexes each; a row in every hundredth."""
    columns = "id int primary key, a int, b int, c int, d int, key (a), key (b), key (c), key (d, a)"
    for first in range(1, tables + 1, BATCH):
        numbers = range(first, min(tables, first + BATCH - 1) + 1)
        if server.engine == "postgres":
            server.run(TABLES.format(first=first, last=numbers[-1]), database="shop")
        else:
            server.run(*(f"create table t_{n} ({columns})" for n in numbers), database="shop")
    some = range(1, tables + 1, 100)
    server.run(*(f"insert into t_{n} values (1, 1, 1, 1, 1)" for n in some), database="shop")
    server.run("create table w (id int primary key, a int)", "insert into w values (1, 1)", database="shop")
    if server.engine == "postgres":
        server.run("vacuum analyze", database="shop")


class Writer:
    """Inserts into a table and alters it until the end; `longest` is the most seconds that one of them took."""

    def __init__(self, server: Server) -> None:
        self.longest = 0.0
        self._server, self._over = server, threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        steps = ("update w set a = a + 1", "alter table w alter a set default 1")
        while not self._over.wait(0.05):
            start = time.monotonic()
            self._server.run(*steps, database="shop")
            self.longest = max(self.longest, (time.monotonic() - start) / len(steps))


def slowest(server: Server, at: int) -> tuple[list[tuple[float, str]], int]:
    """([(seconds, statement)], size of the log): what dbmedic's account ran since a place in the log, slowest first."""
    assert server.folder is not None
    file = server.folder / ("log" if server.engine == "postgres" else "data/slow.log")
    with file.open("rb") as log:
        log.seek(at)
        text = log.read().decode(errors="replace")
        at = log.tell()
    if server.engine == "postgres":
        found = re.findall(r"^dbmedic LOG:  duration: ([\d.]+) ms  [^:]*: (.*(?:\n\t.*)*)", text, re.MULTILINE)
        times = [(float(ms) / 1000, " ".join(said.split())) for ms, said in found]
    else:
        parts = [part for part in text.split("# User@Host: ") if part.startswith("dbmedic[")]
        times = [
            (float(took[1]), " ".join(part.partition("SET timestamp")[2].split()[1:]))
            for part in parts
            if (took := re.search(r"Query_time: ([\d.]+)", part))
        ]
    return sorted(times, reverse=True), at


async def asked(urls: list[str], question: str) -> dict[str, Any]:
    """Asks it of each URL, one after the other; what the last took, in seconds and in MB of the process's peak."""
    from dbmedic.app import build
    from dbmedic.assistant.accounts import LOCAL
    from dbmedic.config import Config
    from dbmedic.core.events import Checked
    from dbmedic.core.values import Question

    parts = await build(Config())
    took, peaks, events = 0.0, [0.0], []
    try:
        for number, url in enumerate(urls):
            name = f"shop{number}"
            await parts.assistant.instances.add(name, url, LOCAL)
            start = time.monotonic()
            running = await parts.assistant.turns.ask(Question(text=question, caller=LOCAL, api="bench", instance=name))
            events = [entry.event async for entry in running.follow()]
            took = time.monotonic() - start
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    finally:
        await parts.close()
    checked = [event for event in events if isinstance(event, Checked)]
    late = {one.check: one.sentence for one in checked if one.level == "failed" and one.reason == "timeout"}
    return {"took_s": took, "memory_mb": peaks[-1] - peaks[-2], "late": late, "checks": len(checked)}


def measure(server: Server, question: str, at: int) -> tuple[bool, int]:
    """Prints a row about one question, and what took too long; whether all is within the limits, and the log's size."""
    databases = ("postgres" if server.engine == "postgres" else "mysql", "shop")
    password = PASSWORD.replace(" ", "%20")
    urls = [server.at(name, user=role, password=password) for name, role in zip(databases, ROLES, strict=True)]
    with Writer(server) as writer:
        words = [sys.executable, __file__, "--ask", question, *urls]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    one = json.loads(done.stdout.splitlines()[-1])
    slow, at = slowest(server, at)
    seconds = slow[0][0] if slow else 0.0
    over = [
        one["took_s"] > LONGEST_S, one["memory_mb"] > MEMORY_MB, seconds > STATEMENT_S, writer.longest > WAIT_S,
    ]  # fmt: skip
    mark = "  TOO MUCH" if any(over) else ""
    print(
        f"{question:36} {one['checks']:>6} {one['took_s']:>8.1f} {one['memory_mb']:>9.1f} {seconds:>15.2f} "
        f"{writer.longest * 1000:>15.0f}{mark}", flush=True,
    )  # fmt: skip
    for check, sentence in one["late"].items():
        print(f"    not in time: {check}, {sentence}")
    for took, statement in slow[:5]:
        if took > STATEMENT_S / 2:
            print(f"    {took:.2f} s: {statement[:300]}")
    return not any(over), at


def main() -> int:
    parser = argparse.ArgumentParser(description="What a diagnosis costs on a big catalogue.")
    parser.add_argument("urls", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--engine", choices=("postgres", "mariadb"), default="postgres")
    parser.add_argument("--tables", type=int, default=20_000)
    told = parser.parse_args()
    if told.ask:
        print(json.dumps(asyncio.run(asked(told.urls, told.ask))))
        return 0
    with started(told.engine) as server:
        start = time.monotonic()
        fill(server, told.tables)
        took = time.monotonic() - start
        print(f"{told.engine}: {told.tables:,} tables, {5 * told.tables:,} indexes, made in {took:.0f} s\n", flush=True)
        print("question                             checks  seconds  MB more  slowest stmt s  writer's ms most")
        good, at = True, slowest(server, 0)[1]
        for question in QUESTIONS:
            right, at = measure(server, question, at)
            good &= right
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
