"""What Redis and SQLite are said to have, from measurements: the root first, then its effects, with numbers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.diagnosis.scene import NOW, answered, found, normal, request, skipped

from dbmedic.core.events import Event
from dbmedic.core.values import Fix, InstanceCard
from dbmedic.diagnosis.symptoms import symptoms
from dbmedic.diagnosis.understand import understand

CACHE = InstanceCard(id="rm-demo-shop", engine="redis", name="Cache")
FILE = InstanceCard(id="rm-demo-shop", engine="sqlite", name="File")
MB = 2**20
FULL = {"used": 62 * MB, "full": 61 * MB, "limit": 64 * MB, "ratio": 0.95, "basis": "maxmemory", "policy": "noeviction",
        "dataset": 58 * MB, "rss": 70 * MB, "peak": 63 * MB, "host": 2**34, "more": 80 * MB}  # fmt: skip
KEYS = {"command": "keys", "calls": 4, "spent": 0.4, "mean": 0.1, "per_min": 48, "share": 0.08, "ever": 900}


def healthy() -> list[list[Event]]:
    return [
        normal("rd-memory", **(FULL | {"full": 6 * MB, "used": 7 * MB, "ratio": 0.1})),
        normal("rd-evictions", evicted=0, refused=0, per_s=0, ever=0, refused_ever=0, policy="noeviction"),
        normal("rd-latency", "round trip", what="round trip", kind="ping", took=0.0004, fastest=0.0002, calls=0),
        normal("rd-cpu", ratio=0.03, busy=0.15, per_s=900, commands=4500),
        normal("rd-slowlog"),
        normal("rd-slow-commands"),
    ]


def cache(text: str, *groups: list[Event], symptom: str, **more: Any) -> str:
    return answered(text, *groups, symptom=symptom, visible=(CACHE,), **more)


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("Redis memory is full, keys vanish", "redis-memory"), ("key 莫名其妙丢失了", "redis-memory"),
        ("OOM command not allowed when used memory > 'maxmemory'", "redis-memory"),
        ("缓存很慢,超时", "redis-slow"), ("Redis latency is high", "redis-slow"),
        ("有大 key 吗", "redis-keys"), ("Which are the largest keys?", "redis-keys"),
    ],
)  # fmt: skip
def test_complaints_about_a_cache_are_understood(text: str, symptom: str) -> None:
    ask = request(text, visible=(CACHE,))
    assert understand(ask.question, ask.instances, ask.history, ask.now or NOW).symptom == symptom


def test_a_full_memory_is_the_root_of_the_refused_writes() -> None:
    fix = Fix(statement="CONFIG SET maxmemory 83886080", safety="ON", rollback="CONFIG SET maxmemory 67108864")
    said = cache(
        "Redis memory is full, keys vanish",
        found("rd-memory", **FULL, fix=fix),
        found("rd-evictions", evicted=0, per_s=0, refused=120, ever=0, refused_ever=400, policy="noeviction",
              used=62 * MB, limit=64 * MB),
        symptom="redis-memory",
    )  # fmt: skip
    first = said.splitlines()[0]
    assert "62 MiB" in first
    assert "noeviction" in said
    assert "It leads to: 0 keys were evicted (0/s) and 120 writes refused" in said
    assert "CONFIG SET maxmemory 83886080\n" in said
    assert "FLUSHALL" not in said


def test_a_big_key_explains_the_slow_command_and_the_stall() -> None:
    said = cache(
        "缓存很慢,超时",
        found("rd-bigkeys", "warning", "followers", key="followers", type="set", bytes=11 * MB, elements=200_000,
              scanned=900, total=900, share=0.6, used=18 * MB),
        found("rd-slow-commands", "warning", "smembers", **(KEYS | {"command": "smembers"})),
        found("rd-latency", "error", "smembers", what="smembers", kind="command", took=0.12, calls=4),
        symptom="redis-slow",
    )  # fmt: skip
    assert "followers" in said.splitlines()[0]
    assert "200 000" in said
    assert said.count("由此导致") == 2
    assert "UNLINK" in said


def test_keys_is_not_blamed_on_a_big_hash() -> None:
    said = cache(
        "Redis is slow",
        found("rd-bigkeys", "warning", "cart", key="cart", type="hash", bytes=11 * MB, elements=150_000,
              scanned=900, total=900, share=0.1, used=110 * MB),
        found("rd-slow-commands", "error", "keys", **KEYS),
        symptom="redis-slow",
    )  # fmt: skip
    assert "keys ran 4 times" in said.splitlines()[0] + said.splitlines()[1]
    assert "It leads to: keys" not in said


@pytest.mark.parametrize(
    ("text", "symptom", "numbers"),
    [
        ("Redis memory is full, keys vanish", "redis-memory", ("7 MiB of 64 MiB", "0 keys evicted")),
        ("缓存很慢,超时", "redis-slow", ("0.4 ms", "3 %", "淘汰 0 个键")),
    ],
)
def test_a_healthy_cache_is_said_to_be_so_with_numbers(text: str, symptom: str, numbers: tuple[str, ...]) -> None:
    said = cache(text, *healthy(), symptom=symptom)
    assert all(number in said for number in numbers), said
    assert "Nothing is wrong" in said or "没有问题" in said


def test_whoever_holds_the_write_lock_of_a_file_is_named_before_its_journal_mode() -> None:
    said = answered(
        "database is locked",
        found("sl-busy", "error", "pid 4711", pid="4711", program="importer", held=1.0, looks=10,
              longest=5.0, mode="delete"),
        found("sl-settings", "warning", mode="delete", held=1.0, page=4096, vacuum="0", size=40 * MB),
        skipped("blocking-tree"),
        symptom="sqlite-locked",
        visible=(FILE,),
    )  # fmt: skip
    assert "4711 (importer)" in said.splitlines()[0]
    assert "It leads to: The journal mode is delete" in said
    assert "rm " not in said


def test_plans_for_redis_hold_checks_of_redis_alone() -> None:
    for name in ("redis-memory", "redis-slow", "slow", "memory", "hang"):
        stages = symptoms()[name].stages_for("redis")
        assert any(check.startswith("rd-") for check in stages[0]), name
        assert not [check for stage in stages for check in stage if check.startswith(("pg-", "my-", "sl-"))]
