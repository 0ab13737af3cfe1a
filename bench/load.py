"""What dbmedic costs between a client and a language model: `python bench/load.py`, about two minutes, loopback only.

A scripted model that answers at once, a bare pass-through proxy (the floor) and a real `dbmedic serve` that keeps every
turn, side by side and in turn, so that whatever else the machine does hits them alike.  Each server has one core to
itself, clients and model share another.  Machines differ, ratios less so: read the last column.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import uvloop

from client import Run, Target, first_content, saturate

HERE = Path(__file__).parent
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Served(NamedTuple):
    """A server under test."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Processor time so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def memory_mib(self) -> tuple[float, float]:
        """(resident now, most ever)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        sizes = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
        return int(sizes["VmRSS"].split()[0]) / 1024, int(sizes["VmHWM"].split()[0]) / 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=4, help="how often each is measured [4]")
    asked.add_argument("--seconds", type=float, default=2.0, help="length of one measurement [2]")
    asked.add_argument("--clients", type=int, default=32, help="clients at saturation [32]")
    asked.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = asked.parse_args()
    if not sys.platform.startswith("linux"):
        raise SystemExit("bench/load.py pins processes and reads /proc: it runs on Linux only")
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        ports = free_ports(4)
        upstream = stack.enter_context(
            started("model", [str(HERE / "upstream.py"), str(ports[0])], ports[0], cores[-1])
        )
        url = f"http://127.0.0.1:{ports[0]}/v1"
        words = [str(HERE / "floor.py"), str(ports[1]), f"{url}/chat/completions"]
        floor = stack.enter_context(started("floor", words, ports[1], cores[0]))
        chat, chat_key = stack.enter_context(dbmedic(ports[2], cores[0], DBMEDIC_MODEL_URL=url, DBMEDIC_MODEL="bench"))
        analyst, analyst_key = stack.enter_context(dbmedic(ports[3], cores[0]))
        os.sched_setaffinity(0, {cores[-1]})
        targets = {
            "direct": openai("direct", upstream.port),
            "floor": openai("floor", floor.port),
            "streaming": dify("streaming", chat.port, chat_key),
            "blocking": dify("blocking", chat.port, chat_key),
            "analyst": dify("streaming", analyst.port, analyst_key)._replace(name="analyst"),
        }
        servers = {"direct": upstream, "floor": floor, "streaming": chat, "blocking": chat, "analyst": analyst}
        found = uvloop.run(measured(targets, servers, options))
        found["cores"] = cores
    print(json.dumps(found, indent=1) if options.json else table(found))


async def measured(targets: dict[str, Target], servers: dict[str, Served], options: argparse.Namespace) -> dict:
    """Everything of one run: what -> who -> numbers of each round."""
    plan = [(name, tokens) for tokens in (20, 200) for name in ("direct", "floor", "streaming", "blocking")]
    plan.append(("analyst", 0))
    rates: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    first: dict[str, list[float]] = {}

    async def run(name: str, question: str, clients: int, seconds: float) -> Run:
        return await saturate(targets[name], question, clients, seconds, servers[name].cpu_s)

    for name, tokens in plan:  # caches, pages, connections
        await run(name, f"tokens={tokens or 20}", options.clients, 0.3)
    idle = {name: servers[name].memory_mib()[0] for name in ("floor", "streaming")}
    for _ in range(options.rounds):
        asked = [targets[name] for name in ("direct", "floor", "streaming", "blocking", "analyst")]
        for name, seconds in (await first_content(asked[:3], "tokens=20", 60)).items():
            first.setdefault(name, []).append(median(seconds))
        for name, tokens in plan:
            seconds = options.seconds / 2 if name == "direct" else options.seconds
            done = await run(name, f"tokens={tokens}", options.clients, seconds)
            rates.setdefault(f"{name} {tokens}", []).append(done.rate)
            cpu.setdefault(f"{name} {tokens} turn", []).append(done.cpu_s / done.turns)
        for name in ("floor", "streaming"):
            # One word each 5 ms: they come one by one, as from a real model, and nobody is at his limit.
            short, long = [
                await run(name, f"tokens={tokens} pace_ms=5", 16, options.seconds / 2 + tokens / 200)
                for tokens in (20, 200)
            ]
            cpu.setdefault(f"{name} token", []).append((long.cpu_s / long.turns - short.cpu_s / short.turns) / 180)
    memory = {name: (idle[name], *servers[name].memory_mib()) for name in idle}
    return {"first_content_s": first, "turns_per_s": rates, "cpu_s": cpu, "memory_mib": memory}


def table(found: dict) -> str:
    """The report: medians over the rounds, lowest and highest, and the ratio to the floor in the same run."""
    first, rates, cpu, memory = (found[key] for key in ("first_content_s", "turns_per_s", "cpu_s", "memory_mib"))
    lines = [f"{'':44}{'floor':>22}{'dbmedic':>22}{'ratio':>8}"]

    def line(what: str, floor: list[float], ours: list[float], scale: float = 1, digits: int = 1) -> None:
        def said(values: list[float]) -> str:
            low, middle, high = (f"{scale * value:.{digits}f}" for value in (min(values), median(values), max(values)))
            return f"{middle} ({low}-{high})"

        ratio = median(one / other for one, other in zip(ours, floor, strict=True))
        lines.append(f"{what:44}{said(floor):>22}{said(ours):>22}{ratio:8.2f}")

    added = {
        name: [one - direct for one, direct in zip(first[name], first["direct"], strict=True)]
        for name in ("floor", "streaming")
    }
    line("added time to first content, ms", added["floor"], added["streaming"], 1e3, 2)
    for tokens in (20, 200):
        for name in ("streaming", "blocking"):
            line(f"turns/s, {tokens} tokens, {name}", rates[f"floor {tokens}"], rates[f"{name} {tokens}"])
    for tokens in (20, 200):
        for name in ("streaming", "blocking"):
            line(
                f"CPU ms/turn, {tokens} tokens, {name}",
                cpu[f"floor {tokens} turn"],
                cpu[f"{name} {tokens} turn"],
                1e3,
                2,
            )
    line("CPU us per streamed token, one each 5 ms", cpu["floor token"], cpu["streaming token"], 1e6, 1)
    for number, what in enumerate(("before", "after", "at most")):
        line(f"resident memory {what}, MiB", [memory["floor"][number]], [memory["streaming"][number]])
    lines.append("")
    alone = {tokens: median(rates[f"direct {tokens}"]) for tokens in (20, 200)}
    lines += [f"turns/s of clients and model alone, {tokens} tokens: {rate:.0f}" for tokens, rate in alone.items()]
    analyst = median(rates["analyst 0"])
    lines.append(f"turns/s of the analyst, a question that needs no measurement: {analyst:.0f}")
    shared = "servers and clients share the only core" if len(found["cores"]) == 1 else "servers on one core"
    lines.append(f"{shared}; medians of {len(first['floor'])} rounds (lowest-highest)")
    return "\n".join(lines)


def openai(name: str, port: int) -> Target:
    def body(question: str) -> dict[str, object]:
        return {"model": "bench", "stream": True, "messages": [{"role": "user", "content": question}]}

    return Target(name, port, "/v1/chat/completions", body, b'"content":', b"[DONE]")


def dify(mode: str, port: int, key: str) -> Target:
    def body(question: str) -> dict[str, object]:
        return {"query": question, "inputs": {}, "response_mode": mode, "user": "bench"}

    good = b'"message_end"' if mode == "streaming" else b'"answer"'
    return Target(mode, port, "/v1/chat-messages", body, b'"event":"message"', good, key)


@contextlib.contextmanager
def dbmedic(port: int, core: int, **environment: str) -> Iterator[tuple[Served, str]]:
    """A server on a new data folder, and a key for it."""
    with tempfile.TemporaryDirectory(prefix="dbmedic-bench-") as folder:
        data = ["--data", str(Path(folder, "data"))]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DBMEDIC_")} | environment
        words = ["-m", "dbmedic", "serve", *data, "--port", str(port), "--max-turns", "1000"]
        with started("dbmedic", words, port, core, clean) as served:
            made = subprocess.check_output(
                [sys.executable, "-m", "dbmedic", "key", "create", "--app", "bench", *data, "--json"], env=clean
            )
            yield served, json.loads(made)["key"]


@contextlib.contextmanager
def started(
    name: str, words: list[str], port: int, core: int, environment: dict[str, str] | None = None
) -> Iterator[Served]:
    """A Python process pinned to a core, once it listens; ended at the end."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, *words], env=environment, stdout=log, stderr=log)
        os.sched_setaffinity(process.pid, {core})
        try:
            until = time.monotonic() + 30
            while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise SystemExit(f"{name} did not start:\n{log.read().decode()}")
                time.sleep(0.05)
            yield Served(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    main()
