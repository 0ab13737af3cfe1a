"""What dbmedic costs between a client and a language model: `dbmedic bench load`, about four minutes, loopback only.

A scripted model that answers at once, a bare pass-through proxy (the floor) and a real `dbmedic serve` that keeps every
turn, side by side and in turn, so that whatever else the machine does hits them alike.  Each server has one core to
itself, clients and model share another.  Machines differ, ratios less so.  Exit code 1 when a promise is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import resource
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

import signature
from client import Run, Target, connect, saturate, waited
from reach import Line, spread, table
from slow import Slow, slow

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


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=4, help="how often each is measured [4]")
    asked.add_argument("--seconds", type=float, default=2.0, help="length of one measurement [2]")
    asked.add_argument("--clients", type=int, default=32, help="clients at saturation [32]")
    asked.add_argument("--streams", type=int, default=500, help="slow streams, a word each 20 ms; 0: none [500]")
    asked.add_argument("--many", type=int, default=2000, help="slower streams, a word each 200 ms; 0: none [2000]")
    asked.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = asked.parse_args()
    if not sys.platform.startswith("linux"):
        raise SystemExit("bench/load.py pins processes and reads /proc: it runs on Linux only")
    cores = sorted(os.sched_getaffinity(0))
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    with contextlib.ExitStack() as stack:
        ports = free_ports(6)
        upstream = stack.enter_context(
            started("model", [str(HERE / "upstream.py"), str(ports[0])], ports[0], cores[-1])
        )
        url = f"http://127.0.0.1:{ports[0]}/v1"
        words = [str(HERE / "floor.py"), str(ports[1]), f"{url}/chat/completions"]
        floor = stack.enter_context(started("floor", words, ports[1], cores[0]))
        chat, keys = stack.enter_context(dbmedic(ports[2], cores[0], DBMEDIC_MODEL_URL=url, DBMEDIC_MODEL="bench"))
        analyst, other = stack.enter_context(dbmedic(ports[3], cores[0]))
        targets = {
            "direct": openai("direct", upstream.port),
            "floor": openai("floor", floor.port),
            "streaming": dify("streaming", chat.port, keys["app"]),
            "blocking": dify("blocking", chat.port, keys["app"]),
            "openai": openai("openai", chat.port, keys["app"]),
            "rdsai": rdsai("rdsai", chat.port, keys["admin"]),
            "analyst": dify("streaming", analyst.port, other["app"])._replace(name="analyst"),
        }
        servers = dict.fromkeys(targets, chat) | {"direct": upstream, "floor": floor, "analyst": analyst}
        os.sched_setaffinity(0, {cores[-1]})
        found = uvloop.run(measured(targets, servers, options))
        os.sched_setaffinity(0, set(cores))
        found["start_s"] = uvloop.run(starting(words, ports, cores, options.rounds))
        os.sched_setaffinity(0, {cores[0]})
        found["peer"] = peer(url, options)
        found["signature_us"] = list(signature.microseconds().values())[:2]
    found["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    found["cores"] = cores
    lines = report(found)
    if options.json:
        print(json.dumps(found | {"missed": [line.what for line in lines if not line.kept]}, indent=1))
    else:
        print(table(lines))
        shared = "servers and clients share the only core" if len(cores) == 1 else "servers on one core"
        print(f"{found['machine']}; {shared}; medians of {options.rounds} rounds (lowest-highest)")
    return 0 if all(line.kept for line in lines) else 1


PLAN = (
    *((name, 20) for name in ("direct", "floor", "streaming", "blocking", "openai", "rdsai")),
    *((name, 200) for name in ("direct", "floor", "streaming")),
    ("analyst", 0),
)
TOOL = "tokens=20 tool=1"
"""A question for which the model calls one tool first."""


async def measured(targets: dict[str, Target], servers: dict[str, Served], options: argparse.Namespace) -> dict:
    """Everything of one run: what -> who -> numbers of each round."""
    rates: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    first: dict[str, list[float]] = {}
    whole: dict[str, list[float]] = {}
    streams: dict[str, list[Slow]] = {}

    async def run(name: str, question: str, clients: int, seconds: float) -> Run:
        return await saturate(targets[name], question, clients, seconds, servers[name].cpu_s)

    for name, tokens in PLAN:  # caches, pages, connections
        await run(name, f"tokens={tokens or 20}", options.clients, 0.3)
    idle = {name: servers[name].memory_mib()[0] for name in ("floor", "streaming")}
    for _ in range(options.rounds):
        asked = [targets[name] for name in ("direct", "floor", "streaming")]
        for name, seconds in (await waited(asked, "tokens=20 pace_ms=2", 40)).items():
            first.setdefault(name, []).append(median(one for one, _ in seconds))
            whole.setdefault(name, []).append(median(one for _, one in seconds))
        for name, tokens in PLAN:
            seconds = options.seconds / 2 if name == "direct" else options.seconds
            done = await run(name, f"tokens={tokens}", options.clients, seconds)
            rates.setdefault(f"{name} {tokens}", []).append(done.rate)
            cpu.setdefault(f"{name} {tokens}", []).append(done.cpu_s / done.turns)
        done = await run("streaming", TOOL, options.clients, options.seconds)
        cpu.setdefault("tool", []).append(done.cpu_s / done.turns)
        for name in ("floor", "streaming"):
            # Every word comes alone, as from a real model.
            done = await run(name, "tokens=100 pace_ms=2", 64, options.seconds)
            rates.setdefault(f"{name} alone", []).append(done.rate)
            cpu.setdefault(f"{name} alone", []).append(done.cpu_s / done.turns / 100)
    for count, words, pace in ((options.streams, 150, 20), (options.many, 30, 200)):
        for name in ("floor", "streaming") if count else ():
            server = servers[name]
            done = await slow(targets[name], count, words, pace, server.cpu_s, lambda s=server: s.memory_mib()[0])
            streams.setdefault(name, []).append(done)
    memory = {name: (idle[name], *servers[name].memory_mib()) for name in idle}
    return {
        "first_content_s": first, "whole_s": whole, "turns_per_s": rates, "cpu_s": cpu, "streams": streams,
        "memory_mib": memory,
    }  # fmt: skip


async def starting(floor: list[str], ports: list[int], cores: list[int], rounds: int) -> dict[str, list[float]]:
    """Seconds from the start of a process to its first answered turn."""
    took: dict[str, list[float]] = {"floor": [], "streaming": []}
    url = floor[-1].removesuffix("/chat/completions")
    for _ in range(rounds):
        began = time.perf_counter()
        with started("floor", [floor[0], str(ports[4]), floor[2]], ports[4], cores[0]):
            await answered(openai("floor", ports[4]))
            took["floor"].append(time.perf_counter() - began)
        with folder_with_keys() as (data, keys):
            clean = {**environment(), "DBMEDIC_MODEL_URL": url, "DBMEDIC_MODEL": "bench"}
            words = ["-m", "dbmedic", "serve", "--data", data, "--port", str(ports[5])]
            began = time.perf_counter()
            with started("dbmedic", words, ports[5], cores[0], clean):
                await answered(dify("streaming", ports[5], keys["app"]))
                took["streaming"].append(time.perf_counter() - began)
    return took


def peer(url: str, options: argparse.Namespace) -> float | None:
    """Processor seconds of pydantic-ai for a turn with one tool call; None where it is not installed."""
    words = [sys.executable, str(HERE / "peer.py"), url, str(options.seconds), str(options.clients)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return None
    if done.returncode:
        raise SystemExit(f"bench/peer.py failed:\n{done.stderr}")
    found = json.loads(done.stdout)
    return found["cpu_s"] / found["turns"]


async def answered(target: Target) -> None:
    client = await connect(target)
    async with asyncio.timeout(30):
        await client.ask(target.request("tokens=20"))
    client.transport.close()


def report(found: dict) -> list[Line]:
    """The numbers, medians over the rounds, next to what is promised of them."""
    first, whole, rates, cpu, memory = (
        found[key] for key in ("first_content_s", "whole_s", "turns_per_s", "cpu_s", "memory_mib")
    )
    lines: list[Line] = []

    def line(what: str, floor: list[float], ours: list[float], scale: float, digits: int, **promise: float) -> None:
        ratio = median(one / other for one, other in zip(ours, floor, strict=True))
        lines.append(Line(what, spread(floor, scale, digits), spread(ours, scale, digits), ratio, **promise))

    def added(waits: dict[str, list[float]], name: str) -> list[float]:
        return [one - direct for one, direct in zip(waits[name], waits["direct"], strict=True)]

    def a_core_second(name: str) -> list[float]:
        """Turns that a second of processor time is good for: what else the machine does changes it least."""
        return [1 / one for one in cpu[name]]

    for what, name, least in (
        ("20 words", "20", 0.40), ("200 words", "200", 0.40), ("every word alone, 64 streams", "alone", 0.60),
    ):  # fmt: skip
        floor, ours = f"floor {name}", f"streaming {name}"
        line(f"turns a core-second, {what}", a_core_second(floor), a_core_second(ours), 1, 0, least=least)
        line(f"turns a second, {what}", rates[floor], rates[ours], 1, 0)
    line("CPU us a word, every word alone", cpu["floor alone"], cpu["streaming alone"], 1e6, 1)
    line("CPU ms a turn, 20 words", cpu["floor 20"], cpu["streaming 20"], 1e3, 2)
    line("CPU ms a turn, 200 words", cpu["floor 200"], cpu["streaming 200"], 1e3, 2)
    if found["peer"] is not None:
        what = "CPU ms a turn with one tool call, next to pydantic-ai alone"
        line(what, [found["peer"]], [median(cpu["tool"])], 1e3, 2, most=0.17)
    line("added to the first word, ms", added(first, "floor"), added(first, "streaming"), 1e3, 2, most=2.8)
    line("added to the end, ms", added(whole, "floor"), added(whole, "streaming"), 1e3, 2, most=4.0)
    line("start to the first answered turn, s", *found["start_s"].values(), 1, 2, most=2.9)
    for name, promise in (("blocking", {}), ("openai", {}), ("rdsai", {"most": 1.15})):
        what = f"CPU ms a turn, {name} to Dify streaming, 20 words"
        line(what, cpu["streaming 20"], cpu[f"{name} 20"], 1e3, 2, **promise)
    for floor, ours in zip(found["streams"].get("floor", ()), found["streams"].get("streaming", ()), strict=True):
        many = f"{ours.streams} slow streams:"
        limit = {"most": 1.5} if ours.streams <= 500 else {}
        line(f"{many} CPU us a word", [floor.cpu_s], [ours.cpu_s], 1e6, 1, **limit)
        line(f"{many} p99 gap, ms", [floor.gap99_s], [ours.gap99_s], 1e3, 1, most=2.0)
        line(f"{many} resident memory, MiB", [floor.memory_mib], [ours.memory_mib], 1, 0)
    idle, _, peak = memory["streaming"]
    lines.append(Line("resident memory idle, MiB", f"{memory['floor'][0]:.0f}", f"{idle:.0f}", idle, most=90))
    at_500 = next((one.memory_mib for one in found["streams"].get("streaming", ()) if one.streams <= 500), peak)
    lines.append(Line("resident memory at 500 streams, MiB", "", f"{at_500:.0f}", at_500, most=150))
    analyst = median(rates["analyst 0"])
    lines.append(Line("turns/s of the analyst, without a measurement", "", f"{analyst:.0f}", analyst, least=300))
    check = max(found["signature_us"])
    lines.append(Line("check of a signature, us", "", f"{check:.0f}", check, most=100))
    alone = median(rates["direct 20"])
    lines.append(Line("turns/s of clients and model alone, 20 words", f"{alone:.0f}", "", alone))
    return lines


def openai(name: str, port: int, key: str = "") -> Target:
    def body(question: str) -> dict[str, object]:
        messages = [{"role": "user", "content": question}]
        return {"model": "dbmedic" if key else "bench", "stream": True, "messages": messages}

    return Target(name, port, "/v1/chat/completions", body, b'"content":', b"[DONE]", key)


def rdsai(name: str, port: int, key: str) -> Target:
    """Signed in by a bearer token: what a signature costs is measured by itself."""

    def body(question: str) -> dict[str, object]:
        return {"Query": question, "Inputs": {"Language": "en-US", "RegionId": "cn-hangzhou"}, "EventMode": "inline"}

    path = "/sse/?Action=ChatMessages&Version=2025-05-07"
    return Target(name, port, path, body, b'"Answer":"word', b'"TaskId"', key, "x-acs-bearer-token: {}")


def dify(mode: str, port: int, key: str) -> Target:
    def body(question: str) -> dict[str, object]:
        return {"query": question, "inputs": {}, "response_mode": mode, "user": "bench"}

    good = b'"message_end"' if mode == "streaming" else b'"answer"'
    return Target(mode, port, "/v1/chat-messages", body, b'"event":"message"', good, key)


def environment() -> dict[str, str]:
    """Ours without settings; a crash says where it was."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DBMEDIC_")}
    return clean | {"PYTHONFAULTHANDLER": "1"}


@contextlib.contextmanager
def folder_with_keys() -> Iterator[tuple[str, dict[str, str]]]:
    """A new data folder, and a key of each kind for it."""
    with tempfile.TemporaryDirectory(prefix="dbmedic-bench-") as folder:
        data = str(Path(folder, "data"))
        keys = {}
        for kind, more in (("app", ("--app", "bench")), ("admin", ("--kind", "admin"))):
            words = [sys.executable, "-m", "dbmedic", "key", "create", *more, "--data", data, "--json"]
            keys[kind] = json.loads(subprocess.check_output(words, env=environment()))["key"]
        yield data, keys


@contextlib.contextmanager
def dbmedic(port: int, core: int, **settings: str) -> Iterator[tuple[Served, dict[str, str]]]:
    """A server on a new data folder, and keys for it."""
    with folder_with_keys() as (data, keys):
        words = ["-m", "dbmedic", "serve", "--data", data, "--port", str(port), "--max-turns", "10000"]
        with started("dbmedic", words, port, core, environment() | settings) as served:
            yield served, keys


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
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise SystemExit(f"{name} did not start:\n{log.read().decode()}")
                time.sleep(0.01)
            yield Served(port, process.pid)
        except BaseException:
            if process.poll() is not None:
                log.seek(0)
                print(f"{name} ended:\n{log.read()[-4000:].decode(errors='replace')}", file=sys.stderr)
            raise
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    sys.exit(main())
