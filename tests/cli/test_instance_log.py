"""Where an instance's own log is, said at registration."""

from __future__ import annotations

from pathlib import Path

URL = "postgresql://me:s3cret@127.0.0.1:1/shop"


def test_the_place_of_the_log_is_kept(dbmedic) -> None:
    for id, place, kept in (
        ("a", "journald:postgresql@15-main", "journald:postgresql@15-main"),
        ("b", "docker:shop-db", "docker:shop-db"),
        ("c", "server.log", str(Path("server.log").absolute())),
    ):
        added = dbmedic("instance", "add", id, URL, "--log", place, "--no-check", "--json")
        assert added.json["tags"] == {"log": kept}


def test_a_unit_without_a_name_is_refused(dbmedic) -> None:
    ran = dbmedic("instance", "add", "a", URL, "--log", "journald:", "--no-check")
    assert ran.code != 0
    assert "journald:NAME" in ran.err
