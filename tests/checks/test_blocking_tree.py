"""Looks at who waits for whom -> what is told of each root."""

from __future__ import annotations

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.blocking_tree import worst
from dbmedic.core.values import Row


def row(root: int, longest: float, blocked: int = 3, *, whole_table: bool = True) -> Row:
    return {"root": root, "longest": longest, "blocked": blocked, "whole_table": whole_table}


def test_the_longest_wait_for_a_table_is_told() -> None:
    looks = [[row(7, 0.4)], [row(7, 1.4, 5)], [], [row(7, 0.2)]]
    assert worst([], looks) == [row(7, 1.4, 5)]


def test_a_queue_for_a_row_counts_by_its_first_look_alone() -> None:
    first = [row(7, 0.2, whole_table=False)]
    assert worst(first, [[row(7, 1.8, whole_table=False)], [row(9, 1.1, whole_table=False)]]) == first
