"""From findings to causes: single and double faults, chains, decoys, posture, a healthy server, scarce rights."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.diagnosis import faults
from tests.diagnosis.scene import NOW, failed, found, normal, skipped, turn

from dbmedic.core.events import Event
from dbmedic.diagnosis.evidence import evidence
from dbmedic.diagnosis.rank import Verdict, rank, with_others
from dbmedic.diagnosis.symptoms import symptoms
from dbmedic.diagnosis.when import Window


def verdict(symptom: str, *groups: list[Event], objects: tuple[str, ...] = (), window: Window | None = None) -> Verdict:
    return rank(evidence(turn(*groups)), symptoms()[symptom], objects, window)


def roots(symptom: str, *groups: list[Event], objects: tuple[str, ...] = ()) -> list[str]:
    return [cause.fact.check for cause in verdict(symptom, *groups, objects=objects).roots]


def slow_mean(level: str = "error", **more: object) -> list[Event]:
    values: dict[str, object] = {"query": faults.ORDERS, "queryid": "q-orders", "mean_s": 6.0, "calls": 9, "share": 0.5}
    return found("slow-mean", level, faults.ORDERS, **(values | more))


def long_query(pid: int, level: str = "error") -> list[Event]:
    return found("long-query", level, str(pid), pid=pid, running=2000.0, query="update orders set status = $1")


def stale_stats(table: str) -> list[Event]:
    return found("stale-stats", "warning", f"public.{table}", schema="public", table=table, share=0.6)


DDL = {"pid": 5000, "on_object": "public.orders", "waited": 37.0, "queued": 5, "holder": 4711, "query": "alter table"}
HOT = {"user": "app", "client": "10.0.0.9", "application": "leaky", "sessions": 80, "idle": 80, "share": 0.82}
SLOT = {"slot": "old", "retained": 9 << 30}
FULL_SCAN = {"query": faults.ORDERS, "queryid": "q-orders", "per_call": 1_200_000, "calls": 40, "share": 0.8}

SCENES: dict[str, tuple[str, list[list[Event]], list[str], list[str]]] = {
    # name: (symptom, what was found, roots, chain of the first)
    "idle transaction behind a tree": (
        "slow", [faults.idle(), faults.blocking()], ["idle-in-transaction"], ["blocking-tree"]),
    "idle transaction, tree, waits and full connections": (
        "slow", [faults.connections(used=20), faults.blocking(), faults.idle(), faults.waits(), faults.active()],
        ["idle-in-transaction"], ["blocking-tree", "conn-usage", "wait-profile", "active-sessions"]),
    "the tree of a session that is no finding itself": (
        "slow", [faults.blocking(state="active")], ["blocking-tree"], []),
    "an idle transaction that blocks nobody is no cause of another's tree": (
        "locks", [faults.idle("warning", pid=1, blocks=0), faults.blocking(root=2)],
        ["blocking-tree"], []),
    "a report that holds a lock": (
        "slow",
        [long_query(4711, "warning"), faults.blocking(state="active")],
        ["long-query"], ["blocking-tree"]),
    "a statement runs long only because it waits": (
        "slow",
        [long_query(4720), faults.blocking()],
        ["blocking-tree"], ["long-query"]),
    "a DDL in front of the traffic": (
        "hang", [found("lock-queue-ddl", "error", "5000", **DDL), faults.blocking(), faults.waits(share=1.0)],
        ["lock-queue-ddl"], ["blocking-tree", "wait-profile"]),
    "an idle session holds up a DDL that holds up all": (
        "ddl-stuck", [faults.idle(), found("lock-queue-ddl", "error", "5000", **DDL)],
        ["idle-in-transaction"], ["lock-queue-ddl"]),
    "missing index, top statement, busy processors": (
        "cpu", [faults.cpu(), faults.top_query(), faults.missing_index(), faults.active()],
        ["missing-index"], ["top-queries", "cpu-saturation", "active-sessions"]),
    "missing index under slow pages": (
        "slow", [faults.missing_index("warning"), faults.top_query(), slow_mean()],
        ["missing-index"], ["top-queries", "slow-mean"]),
    "a hot statement without a known defect": (
        "slow", [faults.top_query("error"), faults.cpu()], ["top-queries"], ["cpu-saturation"]),
    "the same statement seen by two checks is one cause": (
        "slow", [faults.top_query("error"), slow_mean()], ["top-queries"], ["slow-mean"]),
    "full scans on MySQL": (
        "slow",
        [found("my-full-scan", "error", "q", **FULL_SCAN), found("rows-ratio", "error", "q", **FULL_SCAN, ratio=1e6)],
        ["my-full-scan"], ["rows-ratio"]),
    "dead rows that a session keeps from being removed": (
        "bloat", [faults.idle("warning", blocks=0), faults.horizon(), faults.dead_rows()],
        ["idle-in-transaction"], ["xmin-horizon", "pg-dead-tuples"]),
    "dead rows that a replication slot keeps": (
        "bloat",
        [found("slot-retention", "warning", "old", **SLOT), faults.horizon(holder="old", kind="slot")],
        ["slot-retention"], ["xmin-horizon"]),
    "dead rows because autovacuum is off for the table": (
        "bloat",
        [found("pg-autovacuum-off", "warning", "public.orders", name="public.orders", kind="table", table="orders"),
         faults.dead_rows()],
        ["pg-autovacuum-off"], ["pg-dead-tuples"]),
    "autovacuum off on the server explains every table": (
        "bloat",
        [found("pg-autovacuum-off", "error", "server", name="the server", kind="server"), faults.dead_rows()],
        ["pg-autovacuum-off"], ["pg-dead-tuples"]),
    "one client holds the connections": (
        "connections", [faults.connections(), found("conn-hot-client", "warning", "app", **HOT)],
        ["conn-hot-client"], ["conn-usage"]),
    "connections full of waiters": (
        "connections", [faults.connections(), faults.blocking(blocked=60), faults.idle()],
        ["idle-in-transaction"], ["blocking-tree", "conn-usage"]),
    "connections full, and nothing says why": ("connections", [faults.connections()], ["conn-usage"], []),
    "WAL that a slot keeps": (
        "disk",
        [found("slot-retention", "warning", "old", **SLOT),
         found("pg-wal-dir", "warning", "pg_wal", size=9 << 30, configured=1 << 30),
         faults.disk(90 << 30, level="error")],
        ["slot-retention"], ["pg-wal-dir", "disk-used"]),
    "old statistics under a slow statement": (
        "slow", [stale_stats("orders"), slow_mean()],
        ["stale-stats"], ["slow-mean"]),
    "sorts that spill": (
        "temp-files",
        [found("query-temp", "warning", "q", query="select 1", per_call=200 << 20, calls=10),
         found("temp-spill", "error", "shop", where="shop", written=2100 << 20)],
        ["query-temp"], ["temp-spill"]),
    "purge behind an open transaction": (
        "history-list", [found("my-history-list", "error", length=2_000_000), faults.idle("warning", blocks=0)],
        ["idle-in-transaction"], ["my-history-list"]),
    "small buffer pool": (
        "cache-hit",
        [found("my-buffer-hit", "error", miss=0.2), found("my-buffer-pool-size", "warning", pool=1, data=9)],
        ["my-buffer-pool-size"], ["my-buffer-hit"]),
    "ids run out": ("ids-running-out", [found("int-exhaustion", "error", "t", used=0.96)], ["int-exhaustion"], []),
    "a broken index": (
        "index-not-used",
        [found("invalid-index", "warning", "public.i", table="orders", index="i"), faults.missing_index()],
        ["invalid-index"], ["missing-index"]),
}  # fmt: skip


@pytest.mark.parametrize("scene", SCENES)
def test_the_cause_is_named_and_its_effects_are_the_chain(scene):
    symptom, groups, expected, chain = SCENES[scene]
    found_ = verdict(symptom, *groups)
    assert [cause.fact.check for cause in found_.roots] == expected
    assert [fact.check for fact in found_.roots[0].chain] == chain


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_findings_does_not_matter(order):
    groups = [faults.idle(), faults.blocking(), faults.missing_index(), faults.top_query(), faults.waits()]
    assert roots("slow", *groups[::order]) == ["idle-in-transaction", "missing-index"]


# -- double faults -------------------------------------------------------------------------------------------------


def test_two_causes_that_do_not_explain_each_other_are_both_named():
    assert roots("slow", faults.idle(), faults.blocking(), faults.missing_index(), faults.top_query()) == [
        "idle-in-transaction",
        "missing-index",
    ]


def test_waiting_beats_working():
    found_ = verdict(
        "slow", faults.missing_index(), faults.top_query(), faults.idle(), faults.blocking(), faults.waits()
    )
    assert [(cause.fact.check, cause.later) for cause in found_.roots] == [
        ("idle-in-transaction", False),
        ("missing-index", True),
    ]


def test_a_second_smaller_fault_is_not_lost():
    found_ = verdict(
        "slow", faults.missing_index("warning", share=0.12), faults.idle(), faults.blocking(), faults.waits()
    )
    assert [cause.fact.check for cause in found_.contributing] == ["missing-index"]


def test_two_missing_indexes_are_one_cause_with_a_sibling():
    (cause,) = verdict("slow", faults.missing_index(share=0.3), faults.missing_index(table="events", share=0.6)).roots
    assert cause.fact.values["table"] == "events"
    assert [fact.values["table"] for fact in cause.siblings] == ["orders"]


def test_what_the_question_names_comes_first():
    groups = faults.missing_index(share=0.5), faults.missing_index(table="events", share=0.6)
    (cause,) = verdict("slow", *groups, objects=("orders",)).roots
    assert cause.fact.values["table"] == "orders"


def test_a_named_table_hides_no_other_cause():
    assert roots("slow", faults.missing_index(table="events"), objects=("orders",)) == ["missing-index"]


# -- decoys --------------------------------------------------------------------------------------------------------


def test_posture_is_never_the_cause_of_slowness():
    eol = found("version-eol", "error", version="12.1", ends="2024-11-21", posture=True)
    found_ = verdict("slow", eol, faults.missing_index("warning"))
    assert [cause.fact.check for cause in found_.roots] == ["missing-index"]
    assert [fact.check for fact in found_.posture] == ["version-eol"]


def test_posture_is_the_answer_where_it_was_asked_for():
    off = found("pg-archiving", "warning", posture=True)
    assert roots("backup", off) == ["pg-archiving"]


@pytest.mark.parametrize(
    "check", ["duplicate-index", "unused-index", "restart-recent", "no-primary-key", "int-exhaustion"]
)
def test_what_has_nothing_to_do_with_slowness_is_a_note(check):
    found_ = verdict("slow", found(check, "warning", schema="public", table="orders", index="i", used=0.8))
    assert (found_.roots, [fact.check for fact in found_.notes]) == ((), [check])


def test_what_merely_could_matter_is_no_root():
    found_ = verdict("slow", stale_stats("events"))
    assert (found_.roots, [cause.fact.check for cause in found_.contributing]) == ((), ["stale-stats"])


def test_the_only_fault_there_is_is_suspected_and_no_more():
    off = found("pg-autovacuum-off", "warning", schema="public", name="public.carts", kind="table", changes=90_000)
    alone = verdict("slow", off)
    assert [(cause.fact.check, cause.suspected) for cause in alone.roots] == [("pg-autovacuum-off", True)]
    beside = verdict("slow", off, faults.blocking())
    assert not any(cause.suspected for cause in beside.roots)
    assert [cause.fact.check for cause in beside.contributing] == ["pg-autovacuum-off"]


def test_asked_for_anything_else_the_rest_follows_the_causes():
    events = [
        *faults.missing_index(),
        *found("int-exhaustion", schema="public", table="orders", column="id", used=0.98),
    ]
    both = with_others(verdict("slow", events), verdict("health", events))
    assert [cause.fact.check for cause in both.roots] == ["missing-index", "int-exhaustion"]
    assert both.notes == ()


def test_sessions_that_wait_for_their_client_are_no_fault():
    found_ = verdict("slow", faults.waits("Client", 0.8), *faults.fine())
    assert (found_.roots, found_.notes, found_.client_share) == ((), (), 0.8)


def test_processors_that_others_keep_busy_are_told_apart():
    idle_database = normal("active-sessions", active=0.1, processors=2, waiting=0)
    (cause,) = verdict("cpu", faults.cpu(), idle_database).roots
    assert cause.outside
    assert verdict("health", faults.cpu(), idle_database).roots == ()
    (cause,) = verdict("cpu", faults.cpu(), faults.active()).roots
    assert not cause.outside


def test_a_file_cannot_be_blamed_for_busy_processors():
    (cause,) = verdict("slow", faults.cpu(), skipped("active-sessions")).roots
    assert cause.outside
    assert verdict("health", faults.cpu(), skipped("active-sessions")).roots == ()


def test_a_statement_that_only_waits_is_an_effect_and_keeps_no_processor_busy():
    update = "update products set stock = stock - ? where id = ?"
    waiting = faults.top_query("error", query=update, queryid="q-waits", share=0.75)
    tree = faults.blocking("warning", blocked=4, waiting_query=update.upper())
    found_ = verdict("hang", faults.cpu(), waiting, faults.active("error"), faults.waits(), tree)
    assert [cause.fact.check for cause in found_.roots] == ["blocking-tree", "cpu-saturation"]
    assert {fact.check for fact in found_.roots[0].chain} == {"top-queries", "active-sessions", "wait-profile"}


def test_busy_processors_do_not_explain_connections():
    found_ = verdict("connections", faults.cpu(), *faults.fine()[:7])
    assert found_.roots == ()


def test_a_lock_of_a_moment_is_not_blamed_on_the_disk():
    assert roots("disk", faults.blocking(), faults.disk()) == []


# -- nothing wrong, nothing seen -------------------------------------------------------------------------------------


@pytest.mark.parametrize("symptom", sorted(symptoms()))
def test_a_healthy_server_is_never_accused(symptom):
    found_ = verdict(symptom, *faults.fine())
    assert (found_.roots, found_.contributing, found_.notes, found_.explained) == ((), (), (), 0)
    assert len(found_.fine) == len(faults.fine())


@pytest.mark.parametrize("check", ["top-queries", "stale-stats", "pg-dead-tuples", "fk-no-index", "long-query"])
def test_a_warning_that_nobody_suffers_from_is_no_fault_in_a_health_check(check):
    found_ = verdict("health", found(check, "warning", share=0.5, table="t"))
    assert (found_.roots, [cause.fact.check for cause in found_.contributing]) == ((), [check])


def test_a_health_check_names_every_error():
    many = [
        faults.missing_index(), faults.idle(), faults.connections(used=96), faults.disk(96 << 30, level="error"),
        found("int-exhaustion", "error", "t", used=0.96), found("pg-wraparound", "error", "shop", share=0.6),
    ]  # fmt: skip
    assert len(verdict("health", *many).roots) == 6


def test_what_could_not_be_seen_is_told_with_the_grant():
    blind = failed("top-queries", "extension_missing", "no statistics", "CREATE EXTENSION pg_stat_statements")
    (unseen,) = verdict("slow", blind, *faults.fine()).unseen
    assert (unseen.check, unseen.reason, unseen.grant) == (
        "top-queries",
        "extension_missing",
        "CREATE EXTENSION pg_stat_statements",
    )


def test_fine_checks_come_in_the_order_of_the_symptom():
    assert verdict("connections", *faults.fine()).fine[0].check == "conn-usage"
    assert verdict("cpu", *faults.fine()).fine[0].check == "cpu-saturation"


# -- time and runs ---------------------------------------------------------------------------------------------------


def test_what_began_in_the_time_asked_about_counts_double():
    since = Window(NOW - timedelta(hours=1), NOW)
    young = verdict("slow", faults.idle(transaction=600.0), window=since).roots[0].score
    old = verdict("slow", faults.idle(transaction=600_000.0), window=since).roots[0].score
    assert young == 2 * old


def test_a_check_that_ran_twice_counts_with_its_last_run():
    events = turn(faults.blocking())[:-1]
    again = [event for event in turn(normal("blocking-tree")) if not hasattr(event, "tool")]
    later = tuple(msgspec.structs.replace(event, call="k2") for event in again)
    assert rank(evidence((*events, *later)), symptoms()["slow"]).roots == ()


def test_what_is_asked_about_is_answered_though_it_is_a_matter_of_posture() -> None:
    durability = found("pg-durability", "error", "fsync", setting="fsync", value="off", posture=True)
    assert roots("configuration", durability) == ["pg-durability"]
    assert roots("slow", durability) == []
