"""Proofs on canned rows, for faults that a test cannot provoke; and the healthy rows beside them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.proving import matched
from dbmedic.checks.check import Check, On, catalogue
from dbmedic.checks.evaluate import Around, Judged, judged

CASES = [
    pytest.param(check, engine, on, id=f"{check.id}-{engine}")
    for check in catalogue().values()
    for engine, on in check.on.items()
    if on.proof is not None and on.proof.rows
]


def seen(check: Check, engine: str, on: On, rows: tuple[dict[str, Any], ...]) -> list[Judged]:
    window = next((row["window"] for row in rows if "window" in row), 5)
    uptime = next((row["uptime"] for row in rows if "uptime" in row), 90_000)
    around = Around(engine=engine, instance="rm-1", window=window, uptime=uptime, cores=2)
    return judged(check, on, on, rows, around)


@pytest.mark.parametrize(("check", "engine", "on"), CASES)
def test_faulty_rows_are_found_and_healthy_ones_are_not(check: Check, engine: str, on: On) -> None:
    assert on.proof is not None
    found = [one for one in seen(check, engine, on, on.proof.rows) if one.level != "normal"]
    assert matched([one.object for one in found], on.proof.expect), found
    if on.proof.level is not None:
        assert {one.level for one in found} == {on.proof.level}
    for row in on.proof.healthy:
        assert [one.level for one in seen(check, engine, on, (row,)) if one.level != "normal"] == [], row
