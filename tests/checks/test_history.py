"""What changed: against canned history of four weeks, of a day, of nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dbmedic.checks.history_changes import changed_objects, changed_server, changed_settings
from dbmedic.checks.history_compare import Usual, usual
from dbmedic.checks.history_since import compare
from dbmedic.core.history import Kept, State
from fix_history import HOUR, NOW, OTHER, STATEMENT, Canned, hours, minutes, statement

NINE = NOW.replace(hour=9, minute=0)


def office(at):
    """Busy from nine to five on weekdays, else idle."""
    return 100.0 if at.weekday() < 5 and 9 < at.hour <= 17 else 5.0


def test_usual_is_the_same_hour_of_the_week():
    values = [(one.at, one.values["throughput"][0]) for one in hours(lambda at: {"throughput": (office(at),) * 2})]
    found = usual(values, NINE, NOW)
    assert found == Usual(median=100.0, mad=0.0, samples=found.samples, basis="weeks")
    assert not found.notable(105)
    assert found.notable(20)
    assert found.notable(210)
    assert not found.notable(150), "not twofold"


@pytest.mark.parametrize(("days", "basis"), [(28, "weeks"), (6, "days"), (1, "hours")])
def test_with_less_history_it_is_the_last_days_then_the_last_hours(days, basis):
    values = [(one.at, 7.0) for one in hours(lambda _: {}, days)]
    found = usual(values, NINE, NOW)
    assert found is not None
    assert (found.basis, found.median) == (basis, 7.0)


def test_nothing_is_usual_with_two_samples():
    assert usual([(NINE - HOUR, 1.0), (NINE - 2 * HOUR, 1.0)], NINE, NOW) is None


def canned(now_mean: float = 0.4, calls: float = 300) -> Canned:
    """`STATEMENT` took 20 ms for four weeks, and since nine takes `now_mean`."""
    return Canned(
        fine={
            "statements": minutes(
                lambda at: {STATEMENT: statement(calls, now_mean if at > NINE + HOUR / 4 else 0.02, read=8192),
                            OTHER: statement(500, 0.001)}
            ),
            "vitals": minutes(lambda _: {"throughput": (30.0, 30.0), "connections": (90.0, 95.0)}),
            "sizes": minutes(lambda at: {"table:shop.public.orders": (5e9 if at > NINE else 3e9,),
                                         "wal": (1e8,), "database:shop": (9e9,)}, back=600, every=10),
        },
        coarse={
            "statements": hours(lambda _: {STATEMENT: statement(3600, 0.02), OTHER: statement(6000, 0.001)}),
            "vitals": hours(lambda _: {"throughput": (29.0, 40.0), "connections": (20.0, 25.0)}),
        },
        changed={
            "settings": [State(NOW - 40 * 24 * HOUR, {"work_mem": "4MB"}),
                         State(NINE + HOUR / 6, {"work_mem": "64kB"})],
            "objects": [State(NOW - 9 * 24 * HOUR, {"index shop.public.orders.orders_customer": "customer_id"}),
                        State(NINE + HOUR / 5, {"index shop.public.orders.orders_pkey": "id"})],
            "server": [State(NOW - 9 * 24 * HOUR, {"started": "2026-10-01T00:00:00+00:00", "standby": "true"}),
                       State(NINE + HOUR / 5, {"started": "2026-11-20T09:05:00+00:00", "standby": "false"})],
        },
    )  # fmt: skip


async def test_a_morning_is_told_with_numbers_times_and_objects():
    found = await compare(canned(), NINE, NOW)
    assert found is not None
    told = {(change.kind, change.object): change for change in found.changes}
    restart = told["restart", "server"]
    assert restart.at is not None
    assert (restart.at.hour, restart.at.minute) == (9, 5)
    assert told["failover", "standby"].now == "false"
    setting = told["setting", "work_mem"]
    assert (setting.before, setting.now) == ("4MB", "64kB")
    assert ("index_dropped", "shop.public.orders.orders_customer") in told
    slow = told["slower", "select * from orders where customer_id = $1"]
    assert slow.before == pytest.approx(0.02)
    assert slow.now == pytest.approx(0.4, rel=0.25)
    assert slow.at == NINE + HOUR / 4 + timedelta(minutes=5)
    assert ("slower", "update stock set n = n - $1 where id = $2") not in told
    load = told["load", "connections"]
    assert (load.before, load.now) == (20.0, 90.0)
    assert ("load", "throughput") not in told
    grown = told["grown", "table:shop.public.orders"]
    assert (grown.before, grown.now) == (3e9, 5e9)
    assert ("grown", "wal") not in told


async def test_a_quiet_morning_has_nothing_to_tell():
    quiet = canned(now_mean=0.021)
    quiet.changed = {}
    quiet.fine["vitals"] = minutes(lambda _: {"throughput": (30.0, 30.0), "connections": (21.0, 25.0)})
    quiet.fine["sizes"] = []
    found = await compare(quiet, NINE, NOW)
    assert found is not None
    assert found.changes == ()


async def test_a_statement_is_new_only_when_it_could_have_been_seen_before():
    fresh = Canned(fine={"statements": minutes(lambda at: {STATEMENT: statement(50, 0.5)} if at > NINE else {})})
    found = await compare(fresh, NINE, NOW)
    assert found is not None
    assert [change.kind for change in found.changes] == ["new_statement"]
    young = Canned(fine={"statements": minutes(lambda at: {STATEMENT: statement(50, 0.5)}, back=90)})
    found = await compare(young, NINE, NOW)
    assert found is not None
    assert found.changes == ()


async def test_nothing_is_said_where_nothing_was_sampled():
    assert await compare(Canned(began=None), NINE, NOW) is None


async def test_more_of_the_same_statement_is_load_and_no_regression():
    busy = canned(now_mean=0.02, calls=3000)
    found = await compare(busy, NINE, NOW)
    assert found is not None
    kinds = {change.kind for change in found.changes if change.statement}
    assert kinds == {"more_calls"}


def test_states_tell_what_came_went_and_changed():
    before = State(NINE, {"index a.t.i": "x", "table a.t": "", "table a.u": "", "index a.u.k": "y"})
    after = State(NOW, {"index a.t.i": "x, y", "table a.t": ""})
    assert [(one.kind, one.object) for one in changed_objects([before, after])] == [
        ("index_changed", "a.t.i"), ("table_dropped", "a.u"),
    ]  # fmt: skip
    settings = changed_settings([State(NINE, {"a": "1"}), State(NOW, {"b": "2"})])
    assert [(one.object, one.before, one.now) for one in settings] == [("a", "1", ""), ("b", "", "2")]
    server = [State(NINE, {"slot s": "in use"}), State(NOW, {"slot s": "not in use"})]
    assert [one.kind for one in changed_server(server)] == ["slot"]
    assert changed_settings([before]) == []
    assert Kept(NOW, 0, {}).values == {}
