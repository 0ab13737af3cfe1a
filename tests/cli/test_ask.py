"""`dbmedic ask`: the answer, the events, the exit code."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from dbmedic.cli.asking import step
from dbmedic.cli.opened import id_of
from dbmedic.core.events import ToolCalled


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The URL of an SQLite file with a table in it."""
    connection = apsw.Connection(str(tmp_path / "app.db"))
    connection.execute("create table t(id integer primary key, note text); insert into t(note) values ('x')")
    connection.close()
    return f"sqlite:///{tmp_path / 'app.db'}"


def test_an_answer_is_exit_code_0_and_leaves_no_data_folder(dbmedic, file: str, tmp_path: Path) -> None:
    ran = dbmedic("ask", "Is anything wrong?", "--on", file)
    assert ran.code == 0, ran.err
    assert "app" in ran.out
    assert ran.out.endswith("\n")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("server", ["postgres", "mariadb"])
def test_a_server_is_asked_by_its_url_alone(dbmedic, server: str, request: pytest.FixtureRequest) -> None:
    database = request.getfixturevalue(server)
    ran = dbmedic("ask", "How many connections are in use?", "--on", database.url)
    assert ran.code == 0, ran.err
    assert id_of(database.url) in ran.out
    report = dbmedic("instance", "add", "one", database.url, "--json").json["check"]
    assert report["engine"] == server
    assert report["account"] == "superuser" if server == "postgres" else report["account"] in ("superuser", "explain")


def test_events_are_json_lines_from_the_opening_to_the_end(dbmedic, file: str) -> None:
    ran = dbmedic("ask", "How full is the disk?", "--on", file, "--json")
    entries = [json.loads(line) for line in ran.out.splitlines()]
    kinds = [entry["event"]["type"] for entry in entries]
    assert kinds[0] == "TurnOpened"
    assert kinds[-1] == "TurnClosed"
    assert {"ToolCalled", "Checked", "ToolReturned", "Answered"} <= set(kinds)
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert ran.code == 0


def test_a_registered_instance_is_asked_by_its_id_or_implied(dbmedic, file: str) -> None:
    dbmedic("instance", "add", "ledger", file)
    assert "ledger" in dbmedic("ask", "Is anything wrong?", "--on", "ledger").out
    assert "ledger" in dbmedic("ask", "Is anything wrong?").out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("x?",), 2, "dbmedic instance add"),
        (("x?", "--on", "nowhere"), 2, "'nowhere' is not registered"),
        (("x?", "--on", "oracle://me:s3cret@host/x"), 2, "oracle"),
        (("x?", "--on", "sqlite:////nowhere/app.db"), 1, "/nowhere/app.db"),
        (("x?", "--on", "postgresql://me:s3cret@127.0.0.1:1/x"), 1, "127.0.0.1"),
        ((" ", "--on", "sqlite:///"), 2, "no file is named"),
        (("x?", "--language", "tlh"), 2, "'tlh' is not one of"),
    ],
)
def test_what_cannot_be_asked_is_said_and_has_its_exit_code(dbmedic, words, code: int, sentence: str) -> None:
    began = time.monotonic()
    ran = dbmedic("ask", *words)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert "s3cret" not in ran.err
    assert "Traceback" not in ran.err
    assert time.monotonic() - began < 10


def test_an_empty_question_is_wrong_usage(dbmedic, file: str) -> None:
    ran = dbmedic("ask", "  ", "--on", file)
    assert (ran.code, ran.out) == (2, "")


def test_an_answer_comes_in_the_language_asked_for(dbmedic, file: str) -> None:
    assert "磁盘" in dbmedic("ask", "How full is the disk?", "--on", file, "--language", "zh").out


def test_ctrl_c_stops_the_turn_and_is_exit_code_1(postgres, tmp_path: Path) -> None:
    words = ["ask", "Why is it slow?", "--on", postgres.url]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "dbmedic", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        waits = "select count(*) from pg_stat_activity where application_name = 'dbmedic'"
        until = time.monotonic() + 20
        while postgres.run(waits) == [(0,)]:
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - began < 5
    assert process.returncode == 1
    assert "stopped" in err
    assert postgres.run(waits) == [(0,)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me:s3cret@db.example.com:5432/shop?sslmode=require", "shop"),
        ("mysql://db.example.com", "db"),
        ("mariadb://me:p%40ss@10.0.0.1/", "db-10"),
        ("postgres://h/2024_orders", "db-2024-orders"),
        ("sqlite:////var/lib/app/data.v2.db", "data"),
        ("postgresql:///", "db"),
    ],
)
def test_a_database_without_a_name_is_called_by_its_url(url: str, name: str) -> None:
    assert id_of(url) == name


def test_a_step_is_told_in_a_few_words() -> None:
    args = {"instance": "rm-1", "checks": ["disk-used", "disk-breakdown"], "since": None}
    assert step(ToolCalled(call="1", tool="measure", args=args, reply=1)) == "measure rm-1: disk-used, disk-breakdown"
    assert step(ToolCalled(call="1", tool="instances", args={}, reply=1)) == "instances"
    assert len(step(ToolCalled(call="1", tool="query", args={"sql": "select 1 " * 99}, reply=1))) < 200
