"""What the server's log reports, listed for who asks; and a log that cannot be read, said once."""

from __future__ import annotations

from tests.diagnosis.scene import NOW, answered, failed, found, normal

TIMES = {"first": NOW, "last": NOW}


def test_errors_are_listed_by_kind_though_nothing_is_wrong():
    events = normal(
        "log-error-rate", code="42P01", message='relation "carts" does not exist', seen=3, per_min=0.6,
        query="select * from carts", **TIMES,
    )  # fmt: skip
    text = answered("what errors did the server report since this morning?", events, symptom="errors")
    assert "The log of rm-demo-shop reports these errors (1):" in text
    assert '“relation "carts" does not exist” (42P01) is in the log 3 times' in text
    chinese = answered("日志里有什么报错", events, symptom="errors")
    assert "rm-demo-shop 的日志中共有 1 类报错：" in chinese
    assert "（42P01）" in chinese


def test_a_log_without_errors_says_so():
    text = answered("what errors are in the log?", normal("log-error-rate"), symptom="errors")
    assert "The log of rm-demo-shop reports no error for that time." in text


def test_a_wave_of_errors_is_the_cause_with_its_statement():
    events = found(
        "log-error-rate", "warning", "23505 duplicate", code="23505", message="duplicate key value", seen=60,
        per_min=12,
        share=0.7, query="insert into carts values (?)", **TIMES,
    )  # fmt: skip
    text = answered("lots of errors since this morning, why?", events, symptom="errors")
    assert text.startswith("**rm-demo-shop: “duplicate key value” (23505) is in the log 60 times")
    assert "insert into carts values (?)" in text


def test_a_log_that_cannot_be_read_is_told_once():
    blind = [
        failed(
            check, "no_log_source", "the server writes its log to its standard error", "dbmedic instance tag x log=PATH"
        )
        for check in ("log-source", "log-oom", "log-crash", "log-disk-full", "page-corruption")
    ]
    text = answered("why did it restart?", *blind, normal("restart-recent", up=90_000), symptom="restarted")
    assert text.count("(the server log is not readable)") == 1
    assert "The server’s own log (the server log is not readable)" in text
    assert "dbmedic instance tag x log=PATH" in text


def test_a_dated_deadlock_needs_no_history():
    story = found(
        "deadlock-detail", "warning", "carts, lines", tables="carts, lines", table="carts", first="update carts",
        second="update lines", at=NOW, age=60, before="carts", after="lines",
    )  # fmt: skip
    text = answered("deadlocks since this morning?", story, symptom="deadlock")
    assert text.startswith("**rm-demo-shop: Two transactions deadlock on carts, lines.**")
    assert "Taking carts before lines in every transaction avoids it." in text
    assert "I keep no history" not in text
