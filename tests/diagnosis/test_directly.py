"""What was asked is answered first: a number, a statement, what changed, a size; follow-ups get no more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.diagnosis import faults
from tests.diagnosis.scene import CALLER, CLOUD, NOW, SHOP, answered, failed, found, normal, request, said, turn

from dbmedic.core.events import ToolCalled, ToolReturned
from dbmedic.core.values import Call, Exchange, Question, ToolSpec
from dbmedic.diagnosis import asked_sql
from dbmedic.diagnosis.analyst import decide
from dbmedic.diagnosis.understand import Understood, understand

SQL = "select id, total from orders where customer_id = 42 order by made"
HANG = Exchange(question="The app hangs", answer="…", instance="rm-demo-shop", symptom="hang", language="en")
LIST = Exchange(
    question="top slow queries",
    answer="**Most:**\n\n1. `select 1 from a` share 60 %\n2. `select id from orders where total = $1` share 30 %\n",
    instance="rm-demo-shop",
    symptom="top-sql",
    language="en",
)
BLOCKED = (faults.idle(), faults.blocking(), faults.waits(), faults.active())
CONNECTIONS = {"used": 16, "slots": 57, "ratio": 16 / 57, "left": 41, "active": 3, "idle": 4, "in_transaction": 1}


def asked(text: str, *history: Exchange, visible: Any = (SHOP,)) -> Understood:
    return understand(Question(text=text, caller=CALLER, api="test"), visible, history, NOW)


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("how many connections can I still open?", "connections"),
        ("还能开多少连接?", "connections"),
        ("koneksi masih cukup?", "connections"),
    ],
)
def test_a_number_that_was_asked_for_comes_before_what_is_wrong(text, symptom):
    answer = answered(text, *BLOCKED, normal("conn-usage", **CONNECTIONS), symptom=symptom)
    first = answer.splitlines()[0]
    assert "16" in first
    assert "57" in first
    assert "41" in first
    assert answer.count("28 %") == 1
    assert "4711" in answer.splitlines()[3]


def test_a_complaint_is_answered_with_its_cause_first():
    answer = answered("too many connections!", *BLOCKED, normal("conn-usage", **CONNECTIONS), symptom="connections")
    assert answer.startswith("**rm-demo-shop: Session 4711")


def test_whoever_blames_the_cpu_is_told_how_busy_it_is():
    answer = answered("CPU 100%,怎么办", *BLOCKED, faults.cpu("warning", 0.84), symptom="cpu")
    assert "CPU 使用率为 84 %" in answer


def test_keeping_up_is_said_of_autovacuum_itself():
    answer = answered(
        "is autovacuum keeping up?", normal("pg-autovacuum-overdue"), normal("pg-wraparound", share=0.01, name="shop"),
        symptom="autovacuum-busy",
    )  # fmt: skip
    assert answer.startswith("**rm-demo-shop: autovacuum keeps up: no table is overdue. Nothing is wrong with that.**")


@pytest.mark.parametrize("text", ["is the replica behind?", "is replication fine?"])
def test_a_replica_that_is_not_there_is_no_good_news(text):
    answer = answered(text, normal("repl-lag"), symptom="replication-lag")
    assert answer.startswith("**rm-demo-shop: no replica to be seen.** That is right only where none is meant to be.")
    assert "Nothing is wrong" not in answer


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        (f"why is this query slow: {SQL}", SQL),
        (f"这条 SQL 为什么慢 {SQL}", SQL),
        (f"{SQL} takes 12s, why?", SQL),
        ("why slow?\n```sql\nselect a\nfrom b where c = 'x'\n```", "select a\nfrom b where c = 'x'"),
        ("UPDATE orders SET a = 1 WHERE b = 2; why is it slow?", "UPDATE orders SET a = 1 WHERE b = 2"),
        ("select the biggest table from the list please", None),
        ("DELETE from orders takes forever", None),
        ("why is the orders page slow?", None),
    ],
)
def test_a_statement_in_a_question_is_found(text, sql):
    assert asked_sql.written(text) == sql


def test_a_statement_that_is_asked_about_is_planned_on_the_instance():
    pieces = decide(request(f"why is this query slow: {SQL}"))
    calls = {piece.tool: piece.args for piece in pieces if isinstance(piece, Call)}
    assert calls["explain"] == {"instance": "rm-demo-shop", "statement": SQL}
    assert calls["diagnose"]["symptom"] == "slow-statement"


def test_its_plan_comes_first_and_faults_of_other_tables_stand_aside():
    plan = (
        '[{"Plan": {"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "orders", "Startup Cost": 0.0, '
        '"Total Cost": 8036.0, "Plan Rows": 6, "Plan Width": 16, "Filter": "(customer_id = 42)"}}]'
    )
    blocked = (
        faults.idle(query="update carts set n = 1"),
        faults.blocking(on_object="public.carts", query="", waiting_query=""),
    )
    events = (
        *turn(*blocked, faults.missing_index("warning"), symptom="slow-statement"),
        ToolCalled(call="k3", tool="explain", args={"instance": "rm-demo-shop", "statement": SQL}, reply=1),
        ToolReturned(call="k3", ok=True, content=f"some words\n{plan}"),
    )
    answer = said(decide(request(f"why is this query slow: {SQL}", events)))
    assert answer.startswith(f"**What the planner of rm-demo-shop says of `{SQL}`:**")
    after = answer.partition("\n\n**rm-demo-shop")[2]
    assert after.startswith(": public.orders is read in full")
    assert "carts" not in after.partition("Also found")[0]


def test_the_second_one_is_the_second_of_the_list():
    found_ = asked("and the second one?", LIST)
    assert (found_.symptom, found_.statement) == ("slow-statement", "select id from orders where total = $1")
    assert asked("第二条呢?", LIST).statement == "select id from orders where total = $1"
    assert asked("and the fourth one?", LIST).statement is None
    digests = msgspec.structs.replace(LIST, answer="1. `SELECT id FROM orders WHERE total = ? LIMIT ?` share 9 %\n")
    assert asked("第一条呢?", digests).statement == "SELECT id FROM orders WHERE total = ? LIMIT ?"
    assert (
        asked(
            "is the second server healthy? it has been slow since yesterday evening, and users complain", LIST
        ).statement
        is None
    )


def test_give_me_the_sql_gives_what_to_do_and_no_more():
    answer = answered("give me the SQL", *BLOCKED, history=(HANG,), symptom="hang")
    assert "SELECT pg_terminate_backend(4711);" in answer
    assert "**Measured**" not in answer
    assert "Fine:" not in answer


def test_why_gives_the_reason_and_no_statement():
    answer = answered("why?", *BLOCKED, history=(HANG,), symptom="hang")
    assert "**Why**" in answer
    assert "```" not in answer


@pytest.mark.parametrize(
    "text", ["what changed since yesterday?", "改了什么?", "何が変わりましたか?", "apa yang berubah?"]
)
def test_what_changed_is_about_the_database(text):
    found_ = asked(text)
    assert (found_.topic, found_.symptom, found_.wants_changes) == ("database", "health", True)
    assert found_.window is not None


def test_what_changed_without_history_says_so_first():
    answer = answered("what changed since yesterday?", *faults.fine_but(), symptom="health")
    assert answer.startswith("**rm-demo-shop: What was before is not known")


@pytest.mark.parametrize("name", ["prod-db-7", "orders-prod", "mysql-staging-2", "pay-db"])
def test_a_name_that_is_no_instance_is_not_measured_elsewhere(name):
    found_ = asked(f"is {name} healthy?", visible=(SHOP, CLOUD))
    assert (found_.unknown, found_.instance) == (name, None)


@pytest.mark.parametrize(
    "text", ["is utf-8 ok?", "top-5 queries", "is the read-only replica slow?", "who is on pg-15?"]
)
def test_other_words_with_hyphens_are_no_instances(text):
    assert asked(text).unknown is None


def test_the_size_of_a_table_is_told_first():
    sizes = [
        event
        for name, size, rows in (("public.items", 900 << 20, 9000), ("public.orders", 61 << 20, 300_000))
        for event in normal("disk-breakdown", name, name=name, kind="table", size=size, rows=rows, share=0.1)
    ]
    answer = answered("how big is the orders table?", sizes, symptom="table-sizes")
    assert answer.startswith("**rm-demo-shop: `public.orders` 61 MiB, rows 300 000.**")


def test_sizes_that_could_not_be_measured_are_no_empty_list():
    answer = answered(
        "表空间",
        failed("disk-breakdown", "skipped_overload"),
        failed("disk-used", "no_host_source"),
        normal("pg-dead-tuples", schema="public", table="a", dead=0, share=0.0),
        symptom="table-sizes",
    )
    assert answer.startswith("**您问的内容目前无法在 rm-demo-shop 上测量")


def test_tiny_numbers_of_a_list_are_left_out_and_waits_are_told():
    lock = found("top-queries", "warning", "a", query="update a set b = 1", share=0.8, busy=2.2, waiting=0.9, calls=6)
    light = normal("top-queries", "b", query="select 1 from b", share=0.01, busy=5.8e-05, waiting=0.0, calls=6)
    answer = answered("top 5 sql", [*lock, *light], symptom="top-sql")
    assert "share 80 %, waiting for locks 90 %" in answer
    assert "e-05" not in answer


def nameless() -> Any:
    who = {"user": "shop", "application": "", "client": "10.0.0.7:4711", "database": "shop", "pid": 4711}
    return found("idle-in-transaction", "error", "4711", idle=720.0, transaction=735.0, blocks=8, query=None, **who)


def test_a_last_statement_that_nobody_knows_is_not_told():
    answer = answered("the app hangs", nameless(), faults.blocking(), faults.waits())
    assert "unknown" not in answer
    assert "calls itself" not in answer


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("should I upgrade postgres?", "instance-info"), ("can we save money, is the machine too big?", "cpu"),
        ("how full is the buffer cache?", "cache-hit"), ("哪些索引没用?", "indexes-to-drop"),
        ("how many rows are in orders?", "table-sizes"), ("orders 表有多大", "table-sizes"),
    ],
)  # fmt: skip
def test_a_question_with_one_answer_is_no_health_check(text, symptom):
    assert asked(text).symptom == symptom


def test_a_named_index_is_measured_not_read_about():
    search = ToolSpec(name="search", description="", schema={})
    ask = msgspec.structs.replace(request("can I drop index orders_note?"), tools=(search,))
    assert [piece.tool for piece in decide(ask) if isinstance(piece, Call)] != ["search"]
    general = msgspec.structs.replace(request("can I drop an index?"), tools=(search,))
    assert [piece.tool for piece in decide(general) if isinstance(piece, Call)] == ["search"]


def test_nobody_who_waits_is_ended_for_one_who_holds():
    cancel = msgspec.structs.replace(faults.END, statement="SELECT pg_cancel_backend(4720)")
    waiter = found(
        "long-query", "error", "4720", fix=cancel,
        pid=4720, running=700.0, query="update orders set total = $1", **faults.WHO,
    )  # fmt: skip
    answer = answered("who blocks whom?", *BLOCKED, waiter, symptom="locks")
    assert "pg_terminate_backend(4711)" in answer
    assert "pg_cancel_backend(4720)" not in answer


def test_a_backup_that_nobody_can_see_is_said_before_anything_else():
    checksums = found("pg-checksums", "warning", posture=True, setting="off")
    answer = answered(
        "how old is the last backup?", failed("backup-evidence", "no_host_source"), checksums, symptom="backup"
    )
    assert answer.startswith("**What you ask for could not be measured on rm-demo-shop just now")


def test_a_number_in_the_headline_is_not_listed_again():
    answer = answered(
        "how many connections can I still open?", normal("conn-usage", **CONNECTIONS), symptom="connections"
    )
    assert answer.startswith("**rm-demo-shop: connections 16 of 57 (28 %), 41 more can be opened. Nothing is wrong")
    assert answer.count("16 of 57") == 1


def test_the_load_and_the_password_policy_are_about_the_database():
    assert asked("has the load changed?").wants_changes
    assert asked("is my password policy ok?").symptom == "security"


def test_an_order_to_drop_a_table_is_answered_with_what_was_not_done():
    assert asked("drop table orders").wants_change
    assert not asked("why does drop table orders hang?").wants_change
    assert not asked("alter table is stuck").wants_change
