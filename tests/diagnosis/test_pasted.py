"""Plans and logs that somebody pasted or attached: recognised, with their first facts; anything else is left alone."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import msgspec
import pytest

from dbmedic.core.lang import TAGS
from dbmedic.core.lang import fields as fields_of
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Attachment, Call, Question, Text
from dbmedic.diagnosis import pasted
from dbmedic.diagnosis.analyst import decide
from dbmedic.diagnosis.pasted import Log, Plan, lines, recognised
from dbmedic.kit.plans import steps as steps_of
from diagnosis.scene import CALLER, NOW, SHOP
from kit.evidence import samples

ANALYZED = """\
                                                QUERY PLAN
-----------------------------------------------------------------------------------------------------
 Sort  (cost=20045.11..20045.24 rows=50 width=72) (actual time=812.004..830.100 rows=49950 loops=1)
   Sort Key: created_at
   Sort Method: external merge  Disk: 4096kB
   ->  Seq Scan on orders  (cost=0.00..20043.70 rows=50 width=72) (actual time=0.020..700.000 rows=49950 loops=1)
         Filter: (customer_id = 7)
         Rows Removed by Filter: 950050
 Planning Time: 0.120 ms
 Execution Time: 841.500 ms
(8 rows)
"""
ESTIMATED = "Index Scan using orders_pkey on orders  (cost=0.42..8.44 rows=1 width=72)\n  Index Cond: (id = 7)"
JSON = """[{"Plan": {"Node Type": "Hash Join", "Total Cost": 10.5, "Plan Rows": 5, "Actual Total Time": 9.0,
 "Actual Rows": 5, "Actual Loops": 1, "Plans": [{"Node Type": "Seq Scan",
 "Relation Name": "orders", "Total Cost": 9, "Plan Rows": 20000,
 "Actual Total Time": 3.0, "Actual Rows": 20000, "Actual Loops": 2}]}, "Execution Time": 10.0}]"""
TREE = """\
-> Filter: (orders.total > 5)  (cost=10125.25 rows=33330) (actual time=0.05..45.2 rows=98000 loops=1)
    -> Table scan on orders  (cost=10125.25 rows=100000) (actual time=0.04..38.1 rows=100000 loops=1)
"""
TABLE = """\
+----+-------------+--------+------+---------------+------+---------+------+--------+-------------+
| id | select_type | table  | type | possible_keys | key  | key_len | ref  | rows   | Extra       |
+----+-------------+--------+------+---------------+------+---------+------+--------+-------------+
|  1 | SIMPLE      | orders | ALL  | NULL          | NULL | NULL    | NULL | 998242 | Using where |
+----+-------------+--------+------+---------------+------+---------+------+--------+-------------+
"""
PG_LOG = """\
2026-11-21 10:00:00.123 UTC [4711] LOG:  checkpoint starting: time
2026-11-21 10:00:05.001 UTC [4712] ERROR:  deadlock detected
2026-11-21 10:00:05.001 UTC [4712] DETAIL:  Process 4712 waits for ShareLock on transaction 9
2026-11-21 10:00:07.400 UTC [4713] shop@shop FATAL:  remaining connection slots are reserved
2026-11-21 10:00:09.400 UTC [4714] shop@shop FATAL:  remaining connection slots are reserved
"""
MY_LOG = """\
2026-11-21T10:00:00.000001Z 0 [System] [MY-010116] [Server] mysqld (mysqld 8.0.39) starting as process 1
2026-11-21T10:00:01.000001Z 9 [Warning] [MY-010055] [Server] IP address '10.0.0.9' could not be resolved
2026-11-21T10:00:02.000001Z 9 [ERROR] [MY-012592] [InnoDB] Operating system error number 28
"""


def test_a_plan_that_ran_says_where_its_time_went() -> None:
    plan = recognised(ANALYZED)
    assert isinstance(plan, Plan)
    assert (plan.engine, plan.took_ms, [step.title for step in steps_of(plan)]) == (
        "postgres", 841.5, ["Sort", "Seq Scan on orders"],
    )  # fmt: skip
    assert round(plan.root.own_ms, 1) == 130.1
    said = "\n".join(lines([Attachment(name="", text=ANALYZED)], "en"))
    for fact in ("with 2 steps", "`Seq Scan on orders` itself took 700 ms", "1 000 000 rows", "throws away 950 050",
                 "50 rows were expected and 49 950 came", "4 MiB of disk"):  # fmt: skip
        assert fact in said, said


def test_a_plan_that_did_not_run_says_so() -> None:
    said = lines([Attachment(name="plan.txt", text=ESTIMATED)], "en")
    assert said[0] == "`plan.txt`"
    assert "not executed" in said[4]
    assert "`Index Scan using orders_pkey on orders` is expected to cost most" in said[-1]


@pytest.mark.parametrize(
    ("text", "engine", "steps"),
    [
        (JSON, "postgres", ["Hash Join", "Seq Scan on orders"]),
        (f"here you are:\n{JSON}\nwhy?", "postgres", ["Hash Join", "Seq Scan on orders"]),
        (TREE, "mysql", ["Filter: (orders.total > 5)", "Table scan on orders"]),
        (TABLE, "mysql", ["Table scan on orders"]),
        (f"Why is this slow?\n\n{ANALYZED}", "postgres", ["Sort", "Seq Scan on orders"]),
    ],
)
def test_every_form_of_a_plan_is_recognised(text: str, engine: str, steps: list[str]) -> None:
    plan = recognised(text)
    assert isinstance(plan, Plan)
    assert (plan.engine, [step.title for step in steps_of(plan)]) == (engine, steps)


def test_a_log_says_its_span_and_what_is_worst_in_it() -> None:
    log = recognised(PG_LOG)
    assert isinstance(log, Log)
    assert log.levels == {"FATAL": 2, "ERROR": 1, "LOG": 1}
    assert log.frequent[0] == ("remaining connection slots are reserved", 2)
    said = "\n".join(lines([Attachment(name="", text=PG_LOG)], "zh-CN"))
    assert "这是 PostgreSQL 的日志" in said
    assert "2026-11-21 10:00:00.123" in said
    other = recognised(MY_LOG)
    assert isinstance(other, Log)
    assert (other.engine, other.levels) == ("MySQL", {"ERROR": 1, "WARNING": 1, "SYSTEM": 1})
    assert any("10.0.0.9" not in text and "could not be resolved" in text for text, _ in other.frequent)


@pytest.mark.parametrize(
    "text",
    ["", "Why is it slow?", "The cost=high of rows=5 is bad", "ERROR: it broke", "[1, 2]", '[{"Plan": 1}]',
     '[{"Plan": {}}]', "| a | b |", "磁盘使用率", "[" * 5000, "(" * 3000 + "cost=1 rows=1"],
)  # fmt: skip
def test_anything_else_is_left_alone(text: str) -> None:
    assert recognised(text) is None
    assert lines([Attachment(name="", text=text)], "en") == []


@pytest.mark.parametrize(
    "text",
    [
        "Seq Scan on a" + "(x)" * 600 + " (cost=1 rows=",
        ("A (" + ") (" * 500 + "cost=1.0 rows=\n") * 50,
        "2026-11-21 10:00:00 " * 100 + "\n" * 20_000,
        '[{"Plan": {"Node Type": "A", "Plans": [' * 2000,
        "\n".join(" " * depth + "-> A (cost=1.0 rows=1)" for depth in range(1900)),
        "| select_type | table | type | rows |\n" * 20_000,
    ],
)
def test_a_text_made_to_be_slow_is_read_soon(text: str) -> None:
    began = time.process_time()
    recognised(text)
    assert time.process_time() - began < 2


def answered(text: str, *attachments: Attachment) -> list[object]:
    question = Question(text=text, caller=CALLER, api="dify")
    return list(
        decide(
            ModelRequest(
                question=question, instances=(SHOP,), history=(), events=(), messages=(), tools=(), reply=1, now=NOW,
                attachments=attachments,
            )
        )
    )  # fmt: skip


def text_of(pieces: list[object]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


def test_the_analyst_says_what_it_was_given() -> None:
    pieces = answered(f"Why is this slow?\n{ANALYZED}")
    assert "execution plan of PostgreSQL" in text_of(pieces)
    assert not any(isinstance(piece, Call) for piece in pieces), "a plan alone names no database to measure"
    attached = answered("这是什么？", Attachment(name="server.log", text=PG_LOG))
    assert "这是 PostgreSQL 的日志" in text_of(attached)
    strange = answered("what is this?", Attachment(name="cat.txt", text="meow"))
    assert "neither an execution plan nor a server log" in text_of(strange)


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        (samples.SLOW_MY, ["3 entries of 2 statements", "1 800 000 rows to give 4", "95 % of its time"], "慢日志"),
        (samples.SLOW_PG, ["log of PostgreSQL", "slow log of PostgreSQL", "once, 3 s each"], "慢日志"),
        (samples.ACTIVITY, ["3 wait for a lock", "session 4711 (app) since 2026-11-21 09:12:00"], "在事务中空闲"),
        (samples.PROCESSES, ["session 8: `alter table orders add x int`", "901 s"], "会话列表"),
        (samples.DEADLOCK_PG, ["4712 waited for ShareLock on accounts", "4712 was rolled back"], "死锁"),
        (samples.STATUS, ["2 500 000 long", "open for 2 h (thread 40)", "31 waited for X on shop.accounts"], "死锁"),
        (samples.POSTGRES_CONF, ["7 settings", "`fsync = off`: a crash may destroy", "`work_mem = 64MB`"], "的配置"),
        (samples.MY_CNF, ["`sync_binlog = 0`", "`skip_grant_tables = on`"], "的配置"),
    ],
)  # fmt: skip
def test_other_evidence_is_read_without_any_instance(text: str, english: list[str], chinese: str) -> None:
    said = text_of(answered(f"Why is the shop slow?\n{text}"))
    for fact in english:
        assert fact in said, said
    assert chinese in text_of(answered("这是为什么？", Attachment(name="a.txt", text=text)))


def test_a_named_instance_is_measured_as_well() -> None:
    pieces = answered("Is rm-demo-shop slow?", Attachment(name="server.log", text=PG_LOG))
    assert "log of PostgreSQL" in text_of(pieces)
    assert any(isinstance(piece, Call) for piece in pieces)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("name", ["pasted.toml", "evidence.toml"])
def test_every_language_says_the_same(tag: str, name: str) -> None:
    table = tomllib.loads((Path(pasted.__file__).parent / name).read_text("utf-8"))
    assert {key: fields_of(text) for key, text in table[tag].items()} == {
        key: fields_of(text) for key, text in table["en"].items()
    }
    assert msgspec.json.encode(table[tag])
