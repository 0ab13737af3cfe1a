"""Settings, storage and writing in the ranking: what they follow from, and when they are only a line beside."""

from __future__ import annotations

from tests.diagnosis.scene import found, turn

from dbmedic.core.events import Event
from dbmedic.diagnosis.evidence import evidence
from dbmedic.diagnosis.rank import Verdict, rank
from dbmedic.diagnosis.symptoms import symptoms

ORDERS = "select * from orders where customer_id = $1"


def verdict(symptom: str, *groups: list[Event]) -> Verdict:
    return rank(evidence(turn(*groups)), symptoms()[symptom])


def chains(told: Verdict) -> dict[str, list[str]]:
    return {cause.fact.check: [fact.check for fact in cause.chain] for cause in told.roots}


def missing_index() -> list[Event]:
    values = {"table": "orders", "query": ORDERS, "queryid": "q1", "share": 0.9}
    return found("missing-index", "error", "public.orders", **values)


def test_scans_follow_from_the_index_that_is_missing() -> None:
    scans = found("my-scan-rate", "warning", "server", rows_per_s=900_000.0, share=0.99)
    assert chains(verdict("slow", missing_index(), scans)) == {"missing-index": ["my-scan-rate"]}


def test_commits_that_wait_for_a_standby_follow_from_the_standby() -> None:
    standby = found("sync-standby-risk", "error", "nobody", waiting=5, required=1, present=0)
    commits = found("commit-latency", "error", "standby", event="standby", share=0.9, sessions=4.0)
    assert chains(verdict("slow-writes", standby, commits)) == {"sync-standby-risk": ["commit-latency"]}


def test_commits_that_wait_for_the_log_follow_from_slow_storage() -> None:
    storage = found("io-latency", "error", "log flush", kind="log flush", mean=0.05, ops=400)
    commits = found("commit-latency", "error", "flush of the log", event="flush of the log", share=0.7, sessions=4.0)
    assert chains(verdict("slow-writes", storage, commits)) == {"io-latency": ["commit-latency"]}


def test_a_setting_that_waits_for_a_restart_is_no_cause_of_slowness() -> None:
    pending = found("pending-restart", "warning", "max_connections", parameter="max_connections", state="pending")
    told = verdict("slow", pending)
    assert told.roots == ()
    assert [fact.check for fact in told.notes] == ["pending-restart"]


def test_a_setting_that_waits_for_a_restart_is_the_answer_to_a_question_about_settings() -> None:
    pending = found("pending-restart", "warning", "max_connections", parameter="max_connections", state="pending")
    assert list(chains(verdict("configuration", pending))) == ["pending-restart"]


def test_whole_pages_in_wal_follow_from_checkpoints_that_come_too_often() -> None:
    checkpoints = found("pg-checkpoint-requested", "error", "max_wal_size", requested=9, every=10.0)
    wal = found("pg-wal-rate", "warning", "WAL", rate=3e7, whole=0.8)
    assert chains(verdict("checkpoints", checkpoints, wal)) == {"pg-checkpoint-requested": ["pg-wal-rate"]}


def test_compiling_explains_the_statement_that_it_slows_down() -> None:
    top = found("top-queries", "warning", ORDERS, query=ORDERS, queryid="q1", share=0.6)
    jit = found("pg-jit", "warning", "q1 in shop", query=ORDERS, queryid="q1", share=0.8, whole=0.6)
    assert chains(verdict("cpu", top, jit)) == {"pg-jit": ["top-queries"]}


def test_a_full_redo_log_is_no_fault_of_whoever_writes() -> None:
    top = found("top-queries", "warning", ORDERS, query=ORDERS, queryid="q1", share=0.7)
    redo = found("my-redo-capacity", "error", "redo log", capacity=4.2e6, lasts=2.0, full=1.0)
    assert chains(verdict("slow-writes", top, redo)) == {"my-redo-capacity": []}


def test_a_prepared_transaction_without_a_session_explains_who_waits_for_it() -> None:
    left = found("prepared-xact", "error", "pay-4711", gid="pay-4711", open=30.0, blocked=4)
    tree = found("blocking-tree", "error", "0", root=0, blocked=4, state="prepared transaction")
    assert chains(verdict("hang", tree, left)) == {"prepared-xact": ["blocking-tree"]}


def test_kept_for_ever_is_the_answer_to_a_question_about_binary_logs() -> None:
    kept = found("my-binlog-retention", "warning", "rm-1", posture=True, kept=0, policy="forever")
    assert chains(verdict("wal-size", kept)) == {"my-binlog-retention": []}
    assert chains(verdict("disk", kept)) == {}
