"""Several looks become one list of rows."""

from __future__ import annotations

from dbmedic.checks.sampling import delta, many, twice


def test_counters_become_differences() -> None:
    first = [{"id": 1, "calls": 10, "name": "a"}, {"id": 2, "calls": 5, "name": "b"}]
    second = [{"id": 1, "calls": 13, "name": "A"}, {"id": 2, "calls": 5, "name": "b"}]
    assert delta(first, second, key=["id"], counters=["calls"]) == [
        {"id": 1, "calls": 3, "name": "A"}, {"id": 2, "calls": 0, "name": "b"},
    ]  # fmt: skip


def test_what_is_new_counts_from_zero_unless_the_first_look_was_cut() -> None:
    assert delta([], [{"id": 1, "calls": 7}], key=["id"], counters=["calls"]) == [{"id": 1, "calls": 7}]
    assert delta([], [{"id": 1, "calls": 7}], key=["id"], counters=["calls"], new="drop") == []


def test_a_reset_discards_the_interval() -> None:
    first = [{"id": 1, "calls": 10, "since": "monday"}]
    fell = [{"id": 1, "calls": 2, "since": "monday"}]
    moved = [{"id": 1, "calls": 12, "since": "tuesday"}]
    assert delta(first, fell, key=["id"], counters=["calls"]) is None
    assert delta(first, moved, key=["id"], counters=["calls"], reset=["since"]) is None


def test_one_counter_that_fell_is_dropped_alone() -> None:
    first = [{"id": 1, "calls": 10}, {"id": 2, "calls": 1}]
    second = [{"id": 1, "calls": 2}, {"id": 2, "calls": 4}]
    assert delta(first, second, key=["id"], counters=["calls"]) == [{"id": 2, "calls": 3}]


def test_unknown_stays_unknown() -> None:
    assert delta([{"n": None}], [{"n": None}], key=[], counters=["n"]) == [{"n": None}]


def test_twice_keeps_what_was_there_both_times() -> None:
    assert twice([{"pid": 1}, {"pid": 2}], [{"pid": 2, "age": 9}, {"pid": 3}], key=["pid"]) == [{"pid": 2, "age": 9}]


def test_many_looks_count_hits() -> None:
    looks = [[{"class": "Lock"}, {"class": "CPU"}], [{"class": "Lock"}], [{"class": "Lock", "hits": 3}], []]
    assert many(looks, key=["class"]) == [
        {"class": "Lock", "hits": 5, "samples": 4}, {"class": "CPU", "hits": 1, "samples": 4},
    ]  # fmt: skip
