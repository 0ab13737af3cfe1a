"""Plays a fault: server, clients, fault, questions, judgement.  One file per fault in a folder per engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path

from faults.asking import ask, ask_in_shell
from faults.fault import Fault
from faults.host import Alone
from faults.judge import Asked, Judgement, Truth, judged
from faults.scene import Scene, Shops

ENGINES = ("postgres", "mariadb", "redis", "sqlite")


@dataclass(frozen=True)
class Result:
    """One question about one fault, and what became of it."""

    engine: str
    fault: str
    language: str
    question: str
    way: str
    """"turn", or "shell" for `dbmedic ask`."""
    healthy: bool
    took_s: float
    judgement: Judgement
    answer: str
    accused: tuple[str, ...]


@cache
def faults() -> Mapping[str, tuple[str, Fault]]:
    """All faults by name ("postgres/missing-index"), with their engine."""
    found: dict[str, tuple[str, Fault]] = {}
    for engine in ENGINES:
        for file in sorted((Path(__file__).parent / engine).glob("[a-z]*.py")):
            name = file.stem.replace("_", "-")
            found[f"{engine}/{name}"] = (engine, import_module(f"faults.{engine}.{file.stem}").FAULT)
    return found


def play(shops: Shops, name: str, *, few: bool = False) -> Iterator[Result]:
    """Plays a fault and asks its questions, one after the other.

    `few` takes one, the first in English on PostgreSQL and the first in Chinese elsewhere.
    """
    engine, fault = faults()[name]
    with shops.scene(fault, engine) as scene:
        if fault.load:
            scene.start(*fault.load)
        if fault.do is not None:
            fault.do(scene)
        time.sleep(fault.wait_s)
        host, shell = Alone(scene.pid), fault.shell
        for language, question in _few(fault, engine) if few else _all(fault):
            yield _result(name, fault, scene, "turn", partial(_ask, scene.url, question, language, host))
            if shell:
                shell = False
                yield _result(name, fault, scene, "shell", partial(ask_in_shell, scene.url, question, language))


def _all(fault: Fault) -> list[tuple[str, str]]:
    return [(language, text) for language, texts in fault.asks.items() for text in texts]


def _few(fault: Fault, engine: str) -> list[tuple[str, str]]:
    first = [(language, texts[0]) for language, texts in fault.asks.items()]
    usual = "en" if engine == "postgres" else "zh"
    return [one for one in first if one[0] == usual] or first


def _ask(url: str, question: str, language: str, host: Alone) -> Asked:
    return asyncio.run(ask(url, question, language, host))


def _result(name: str, fault: Fault, scene: Scene, way: str, asking: Callable[[], Asked]) -> Result:
    before, start = [scene.value(number.sql) for number in fault.numbers], time.monotonic()
    asked = asking()
    apart, after = time.monotonic() - start, [scene.value(number.sql) for number in fault.numbers]
    engine, _, short = name.partition("/")
    return Result(
        engine=engine,
        fault=short,
        language=asked.language,
        question=asked.text,
        way=way,
        healthy=not fault.causes,
        took_s=asked.took_s,
        judgement=judged(fault, asked, Truth(scene.names, before, after, apart)),
        answer=asked.answer,
        accused=tuple(f"{one.check}:{one.finding.object[:60]}" for one in (*asked.accused, *asked.beside)),
    )
