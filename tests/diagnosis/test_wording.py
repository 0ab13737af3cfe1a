"""What users stumbled over in answers, one test each: repeated lines, holes, plurals, things nobody asked about."""

from __future__ import annotations

import msgspec
from tests.diagnosis import faults
from tests.diagnosis.scene import NOW, SHOP, answered, failed, found, normal, request, turn

from dbmedic.core.events import Event, Found
from dbmedic.core.values import Call, Fix, ToolSpec
from dbmedic.diagnosis.analyst import decide

NO_LOG = ("no_log_source", "the server writes its log to its standard error", "dbmedic instance tag x log=PATH")
WRITABLE = msgspec.structs.replace(SHOP, writable=True)
CHANGE = ToolSpec(name="change", description="", schema={}, writes=True)


def proposed(text: str, *groups) -> list[str]:
    """Statements that the analyst asks approval for."""
    ask = msgspec.structs.replace(request(text, turn(*groups), visible=(WRITABLE,)), tools=(CHANGE,))
    # deeper looks are not offered, so this reply is the last
    return [piece.args["statement"] for piece in decide(ask) if isinstance(piece, Call) and piece.tool == "change"]


def planned(events: list[Event]) -> list[Event]:
    """The finding with a fix that may be run."""
    return [
        Found(call=one.call, finding=msgspec.structs.replace(one.finding, fix=_planned(one.finding.fix)))
        if isinstance(one, Found)
        else one
        for one in events
    ]


def _planned(fix: Fix | None) -> Fix | None:
    return None if fix is None else msgspec.structs.replace(fix, planned=True)


def test_asking_for_slowness_and_an_index_names_the_index_once():
    text = answered(
        "orders 表查询很慢,请直接建索引",
        faults.idle(), faults.blocking(), faults.waits(), faults.missing_index("warning"),
    )  # fmt: skip
    lines = [line for line in text.splitlines() if "public.orders" in line and "customer_id" in line]
    assert len([line for line in lines if line.startswith("- ")]) == 1
    bullets = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(bullets) == len(set(bullets))
    assert "CREATE INDEX CONCURRENTLY orders_customer_id_idx" in text


def test_whoever_asks_for_an_index_is_not_asked_to_end_a_session():
    groups = (planned(faults.idle()), planned(faults.missing_index("warning")), faults.blocking(), faults.waits())
    assert proposed("everything hangs, please create the index", *groups) == [faults.INDEX.statement]
    assert proposed("everything hangs, kill whoever blocks", *groups) == [faults.END.statement]
    assert proposed("everything hangs, please create the index", groups[0], *groups[2:]) == []


def test_a_deadlock_whose_tables_are_not_known_is_told_without_a_hole():
    story = found(
        "deadlock-detail", "warning", "rm-demo-shop", first="update carts set items = $1 where id = $2",
        second="update lines set n = $1", at=NOW, age=60,
    )  # fmt: skip
    text = answered("deadlocks since this morning?", story, symptom="deadlock")
    headline = text.splitlines()[0]
    assert "…" not in headline
    assert "update carts" in headline


def test_a_statement_that_goes_through_many_blocks_is_told_without_a_hole():
    ratio = found(
        "rows-ratio", "warning", faults.ORDERS, query=faults.ORDERS, queryid="q", blocks_per_call=4200, returned=6,
        calls=37, share=0.5, ratio=700, source="pg_stat_statements",
    )  # fmt: skip
    text = answered("the orders page is slow", faults.missing_index(), faults.top_query(), ratio)
    assert "It leads to: A statement goes through 4 200 blocks to return 6 rows" in text
    assert "`…`" not in text


def test_an_error_that_came_once_is_in_the_log_once():
    events = normal(
        "log-error-rate", code="42P01", message="relation is missing", seen=1, per_min=0.6, first=NOW, last=NOW
    )
    assert "is in the log once, first at" in answered("what errors did the server report?", events, symptom="errors")


def test_a_question_about_disk_does_not_miss_the_server_log():
    disk = normal("disk-used", "/", volume="/", used=40 << 30, total=100 << 30, free=60 << 30, ratio=0.4, source="host")
    text = answered("how full is the disk?", disk, failed("log-volume", *NO_LOG), symptom="disk")
    assert "Not measured" not in text
    assert "instance tag" not in text


def test_a_question_about_errors_does_miss_the_server_log():
    text = answered(
        "which errors happen?", failed("log-error-rate", *NO_LOG), normal("restart-recent"), symptom="errors"
    )
    assert "the server log is not readable" in text
    assert "dbmedic instance tag x log=PATH" in text


def test_two_faults_are_told_apart_by_their_statements_where_they_have_no_other_name():
    other = "select count(*) from order_items where price = $1"
    text = answered(
        "everything hangs", faults.idle(), faults.blocking(), faults.waits(),
        found("slow-mean", "warning", other, query=other, queryid="x", mean_s=1.2, calls=30, share=0.2),
    )  # fmt: skip
    assert f"A statement takes 1.2 s each time: `{other}`" in text
