"""Counts of one agree with their nouns and verbs; nothing else changes."""

from __future__ import annotations

import pytest

from dbmedic.kit.english import singular


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("is in the log 1 times, first at", "is in the log once, first at"),
        ("1 times a minute", "once a minute"),
        ("1 times as much", "1 times as much"),
        ("1 other sessions wait for it", "1 other session waits for it"),
        ("in 1 statements.", "in 1 statement."),
        ("1 indexes are unused", "1 index is unused"),
        ("1 queries", "1 query"),
        ("11 times, 1.1 rows, 2 001 rows, 4-1 rows", "11 times, 1.1 rows, 2 001 rows, 4-1 rows"),
        ("`limit 1 rows` gives 1 rows", "`limit 1 rows` gives 1 row"),
        ("1 is one", "1 is one"),
    ],
)
def test_one_is_singular(text, one):
    assert singular(text) == one
