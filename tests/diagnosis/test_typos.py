"""Slips of the finger: what is repaired, and what must be left alone."""

from __future__ import annotations

import pytest

from dbmedic.diagnosis.typos import repaired


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("databse is slwo", "database is slow"),
        ("to many conections", "to many connections"),
        ("sooo sloooow", "so slow"),
        ("repliction lag", "replication lag"),
        ("deadlokc", "deadlock"),
        ("dsik fulll", "disk full"),
        ("慢 qurey", "慢 query"),
    ],
)
def test_one_slip_in_a_word_that_matters_is_repaired(said, meant):
    assert repaired(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "it looked strange throughout the extensive parameter list",
        "tabel pesanan, koneksi, indeks, kueri",
        "slot, slowed, lower, linked, person, stable",
        "table my_databse and databse.conections on databse-1",
        "privileged indexers restarted the servers",
    ],
)
def test_right_words_other_languages_and_names_stay_as_they_are(said):
    assert repaired(said) == said
