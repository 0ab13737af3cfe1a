"""Samples in bytes: what is packed is unpacked, small, and put together without losing sums and maxima."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmedic.checks.history_pack import TIERS, pack, pack_state, tier, together, unpack, unpack_state
from dbmedic.core.history import Kept

AT = datetime(2026, 1, 1, tzinfo=UTC)
names = st.lists(st.text(min_size=1, max_size=8), min_size=0, max_size=8, unique=True)
numbers = st.floats(0, 2**50, width=32)


@given(names, st.data())
@settings(max_examples=30)
def test_sizes_come_back_exactly(found: list[str], data: st.DataObject) -> None:
    kept = Kept(AT, 600.0, {name: (float(data.draw(st.integers(0, 2**53))),) for name in found})
    ids = {name: number * 3 + 1 for number, name in enumerate(found)}
    body = pack("sizes", kept, ids)
    assert unpack("sizes", AT, body, {number: name for name, number in ids.items()}) == kept


@given(names, st.data())
@settings(max_examples=30)
def test_statements_come_back(found: list[str], data: st.DataObject) -> None:
    kept = Kept(AT, 300.0, {name: tuple(data.draw(numbers) for _ in range(5)) for name in found})
    ids = {name: number for number, name in enumerate(found)}
    back = unpack("statements", AT, pack("statements", kept, ids), {number: name for name, number in ids.items()})
    assert back.values.keys() == kept.values.keys()
    for name, values in kept.values.items():
        assert back.values[name] == pytest.approx(values, rel=1e-6)


@given(st.lists(st.tuples(st.floats(1, 600), st.floats(0, 1e6)), min_size=1, max_size=12))
def test_a_coarser_sample_keeps_the_mean_and_the_most(parts: list[tuple[float, float]]) -> None:
    samples = [
        Kept(AT + timedelta(minutes=n), window, {"load": (value, value)}) for n, (window, value) in enumerate(parts)
    ]
    made = together("vitals", samples, AT, 10)
    mean, most = made.values["load"]
    values = [value for _, value in parts]
    assert min(values) - 1e-6 <= mean <= max(values) + 1e-6
    assert most == max(values)
    assert made.window_s == pytest.approx(sum(window for window, _ in parts))


def test_a_coarser_sample_adds_up_statements_and_keeps_the_heaviest():
    samples = [Kept(AT, 300, {"a": (1.0, 5.0, 1, 1, 1), "b": (2.0, 1.0, 1, 1, 1), "c": (9.0, 0.1, 0, 0, 0)})] * 2
    made = together("statements", samples, AT, 2)
    assert made.values == {"a": (2.0, 10.0, 2, 2, 2), "b": (4.0, 2.0, 2, 2, 2)}


def test_a_sample_is_small():
    vitals = Kept(AT, 60, {f"counter_{n}": (n * 1.5, n * 1.5) for n in range(16)})
    assert len(pack("vitals", vitals, {f"counter_{n}": n for n in range(16)})) < 200
    statements = Kept(AT, 300, {f"s{n}": (n * 7.0, n / 3, n * 2.0, 0.0, 0.0) for n in range(200)})
    assert len(pack("statements", statements, {f"s{n}": n for n in range(200)})) < 3000


def test_what_lost_its_name_is_left_out():
    body = pack("sizes", Kept(AT, 0, {"a": (1.0,), "b": (2.0,)}), {"a": 1, "b": 2})
    assert unpack("sizes", AT, body, {2: "b"}).values == {"b": (2.0,)}


@pytest.mark.parametrize(
    ("reach_s", "step_s", "step"),
    [(3600, 0, 0), (86_400, 0, 0), (86_401, 0, 300), (3600, 3600, 3600), (10**9, 0, 3600), (20 * 86_400, 60, 3600)],
)
def test_the_finest_form_that_reaches_back_is_read(reach_s: float, step_s: float, step: int):
    assert tier("vitals", reach_s, step_s).step == step


def test_forms_get_coarser_and_last_longer():
    for forms in TIERS.values():
        assert [form.step for form in forms] == sorted(form.step for form in forms)
        assert [form.keep_s for form in forms] == sorted(form.keep_s for form in forms)
        for finer, coarser in pairwise(forms):
            assert finer.keep_s >= 2 * coarser.step, "a coarser row is made of finer ones that are still there"


def test_states_come_back():
    values = {"work_mem": "4MB", "名": "值"}
    assert unpack_state(pack_state(values)) == values
