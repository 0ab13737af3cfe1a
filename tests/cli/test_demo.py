"""The demo as a user gets it: its PostgreSQL, its load, its server, both answers, and the cure."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from aiohttp import ClientSession

from dbmedic.cli import servers
from dbmedic.cli.demo.shop import DATABASE, Shop
from dbmedic.cli.demo.stage import on_from_here, register, server, shop_of, taken
from dbmedic.cli.demo.tour import QUESTIONS, Told, ask
from dbmedic.cli.demo.traffic import traffic
from dbmedic.cli.progress import Progress
from dbmedic.config import Config

DISK, SLOW = QUESTIONS


class Stage(NamedTuple):
    shop: Shop
    url: str
    key: str


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where PostgreSQL's own account gets to."""
    folder = servers.reachable(Path("/tmp") / f"dbmedic-demo-{os.getpid()}")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def stage(folder: Path) -> AsyncIterator[Stage]:
    config = Config(data=folder)
    async with shop_of(config) as shop, traffic(shop.web_url):
        key = await register(config, shop)
        async with server(config, servers.free_port()) as url:
            yield Stage(shop, url, key)


async def asked(stage: Stage, question: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The answer as it is printed."""
    capsys.readouterr()
    async with ClientSession() as session:
        with Progress(keep=True) as progress:
            assert await ask(session, stage.url, stage.key, question, progress)
    return capsys.readouterr().out


async def test_both_answers_are_right_and_the_cure_changes_the_second(
    stage: Stage, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = await asked(stage, DISK, capsys)
    total, used, free = shutil.disk_usage(folder)
    gib = r"\D+([0-9.]+) GiB"
    said = re.search(rf"磁盘使用率为 ([0-9.]+) %\D已用{gib}{gib}{gib}", disk)
    assert said is not None, disk
    true = (100 * used / (used + free), used / 2**30, total / 2**30, free / 2**30)
    assert [float(number) for number in said.groups()] == pytest.approx(true, rel=0.05, abs=1), "as df says it"
    assert "扩容" in disk

    slow = await asked(stage, SLOW, capsys)
    index = re.search(r"CREATE INDEX CONCURRENTLY \S+ ON public\.orders \(customer_id[^)]*\)", slow)
    assert index is not None, slow
    assert "from orders where customer_id = $1" in slow

    with psycopg.connect(stage.shop.server.url, dbname=DATABASE, autocommit=True) as connection:
        connection.execute(index[0])
    after = await asked(stage, SLOW, capsys)
    assert "CREATE INDEX" not in after
    assert "from orders where customer_id = $1" not in after.partition("\n\n")[0]


async def test_the_key_of_the_demo_sees_its_shop_only_and_earlier_keys_end(stage: Stage, folder: Path) -> None:
    async with ClientSession() as session:
        head = {"Authorization": f"Bearer {stage.key}"}
        async with session.get(f"{stage.url}/v1/conversations", params={"user": "demo"}, headers=head) as answer:
            assert answer.status == 200
        await register(Config(data=folder), stage.shop)
        async with session.get(f"{stage.url}/v1/conversations", params={"user": "demo"}, headers=head) as answer:
            assert answer.status == 401


async def test_the_account_of_the_demo_reads_only(stage: Stage) -> None:
    with psycopg.connect(stage.shop.medic_url, autocommit=True) as connection:
        assert connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (False,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("delete from events")
    with psycopg.connect(stage.shop.server.url, dbname=DATABASE) as connection:
        kept = connection.execute("select count(*) from pg_stat_statements where query ~* 'password'").fetchone()
        assert kept == (0,)


async def test_what_to_try_next_names_no_password(stage: Stage) -> None:
    text = on_from_here(stage.url, stage.key, stage.shop)
    assert text.count("curl ") == 3
    assert (stage.shop.server.folder / "password").read_text() not in text


def test_a_stopped_demo_leaves_nothing_running_and_a_second_one_leaves_it_alone(folder: Path) -> None:
    words = [sys.executable, "-P", "-m", "dbmedic", "demo", "--data", str(folder), "--port", str(servers.free_port())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "PostgreSQL" in line and " port " in line:
                port = int(re.findall(r"port (\d+)", line)[0])
            if line.startswith("?"):
                break
        second = subprocess.run([*words, "--once"], capture_output=True, text=True)
        assert second.returncode == 1
        assert f"is served by process {demo.pid}" in second.stderr
        assert taken(port)
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
        assert demo.returncode == 130
    assert not taken(port)
    assert not (folder / "postgres" / "data" / "postmaster.pid").exists()


def test_a_demo_that_was_killed_is_taken_over(folder: Path) -> None:
    words = [sys.executable, "-P", "-m", "dbmedic", "demo", "--data", str(folder), "--once"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("?"):
                break
        demo.kill()
    second = subprocess.run(words, capture_output=True, text=True)
    assert second.returncode == 0, second.stdout + second.stderr
    assert not (folder / "postgres" / "data" / "postmaster.pid").exists()


def test_a_server_of_the_demo_ends_when_the_demo_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "dbmedic", "serve", "--with-parent", "--data", str(tmp_path), "--port", "0"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdin is not None
        assert '"event":"ready"' in process.stderr.readline()
        began = time.monotonic()
        process.stdin.close()
        assert process.wait(20) == 0
        assert time.monotonic() - began < 15


def test_a_port_that_somebody_listens_on_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert taken(listening.getsockname()[1])


def told(*frames: dict[str, object]) -> Told:
    with Progress(keep=True) as progress:
        told = Told(progress)
        for frame in frames:
            told.tell(frame)
    return told


def test_only_a_whole_answer_counts_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"event": "message", "answer": "24 %"}
    ended, failed = {"event": "message_end"}, {"event": "error", "code": "bug", "message": "m"}
    assert told(said, ended).answered
    assert not told(said).answered
    assert not told(ended).answered
    assert not told(said, failed, ended).answered
    assert not told(said, ended, {"event": "workflow_finished", "data": {"status": "stopped"}}).answered


def test_a_step_says_what_it_was_given_and_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"instance": "rm-1", "symptom": "slow"}
    node = {"title": "diagnose", "node_type": "tool", "status": "succeeded", "elapsed_time": 5.25, "inputs": given}
    checks = [{"check": "disk-used", "level": "normal"}, {"check": "top-queries", "level": "warning"}]
    thought = {"thought": "I look at\nlocks first.\n"}
    told(
        {"event": "agent_log", "data": {"data": thought}},
        {"event": "node_started", "data": node},
        *({"event": "agent_log", "data": {"data": check}} for check in checks),
        {"event": "node_finished", "data": node},
        {"event": "message", "answer": "one"},
        {"event": "node_finished", "data": node | {"status": "failed"}},
        {"event": "message", "answer": "two"},
    )
    assert capsys.readouterr().out.splitlines() == [
        "  · I look at locks first.",
        "  · diagnose rm-1, slow: 2 checks, not normal: top-queries (warning)  5.2 s",
        "one",
        "  ✗ diagnose rm-1, slow: 2 checks, not normal: top-queries (warning)  5.2 s",
        "two",
    ]
