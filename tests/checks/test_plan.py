"""What is run, what makes no sense, what cannot be seen: decided from facts alone."""

from __future__ import annotations

import pytest

from dbmedic.checks.check import catalogue, decode
from dbmedic.checks.plan import Blind, Skip, Step, plan
from dbmedic.core.errors import BadField
from dbmedic.core.values import EngineFacts


def facts(engine: str = "postgres", **more: object) -> EngineFacts:
    known = {
        "engine": engine, "version": (15, 20), "version_text": "x", "database": "shop", "role": "watcher",
        "settings": {"pg_stat_statements.max": "5000", "performance_schema": "ON"}, **more,
    }  # fmt: skip
    return EngineFacts(**known)  # type: ignore[arg-type]


def decided(name: str, known: EngineFacts) -> Step | Blind | Skip:
    return plan([name], catalogue(), known)[0]


def test_cheap_checks_come_first_else_the_order_asked_for() -> None:
    asked = ["duplicate-index", "blocking-tree", "conn-usage", "no-primary-key", "long-query", "conn-usage"]
    found = [one.check.id for one in plan(asked, catalogue(), facts())]
    assert found == ["conn-usage", "blocking-tree", "long-query", "duplicate-index", "no-primary-key"]


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(BadField, match="disk-usage"):
        plan(["disk-usage"], catalogue(), facts())


def test_another_engines_check_is_skipped() -> None:
    found = decided("my-history-list", facts())
    assert isinstance(found, Skip)
    assert found.because == "it is not about postgres"


def test_what_a_standby_cannot_have_is_skipped_there() -> None:
    assert isinstance(decided("pg-dead-tuples", facts(standby=True)), Skip)
    assert isinstance(decided("pg-dead-tuples", facts()), Step)


def test_a_missing_right_that_can_be_probed_is_a_doubt() -> None:
    found = decided("long-query", facts())
    assert isinstance(found, Step)
    assert [one.reason for one in found.doubts] == ["permission"]
    allowed = decided("long-query", facts(privileges=frozenset({"pg_monitor"})))
    assert isinstance(allowed, Step)
    assert allowed.doubts == ()


def test_a_missing_right_that_cannot_be_probed_blinds() -> None:
    found = decided("pg-wal-dir", facts())
    assert isinstance(found, Blind)
    assert (found.reason, found.grant) == ("permission", "GRANT pg_monitor TO watcher")
    assert isinstance(decided("pg-wal-dir", facts(superuser=True)), Step)


def test_a_missing_extension_says_how_to_get_it() -> None:
    found = decided("query-temp", facts(superuser=True))
    assert isinstance(found, Blind)
    assert (found.reason, found.grant) == ("extension_missing", "CREATE EXTENSION pg_stat_statements")
    unloaded = decided("query-temp", facts(superuser=True, settings={}))
    assert isinstance(unloaded, Blind)
    assert "shared_preload_libraries" in (unloaded.grant or "")


def test_a_feature_that_is_off_blinds_even_a_superuser() -> None:
    off = facts("mariadb", version=(10, 11, 6), superuser=True, settings={"performance_schema": "OFF"})
    found = decided("rows-ratio", off)
    assert isinstance(found, Blind)
    assert found.reason == "feature_off"
    assert "restart" in (found.grant or "")


UNIT = """
object  = ""
cost    = 0
columns = { n = "count" }
level   = { of = "n", warning = 1 }
text.en = { title = "t", finding = "f", why = "w" }
text.zh = { title = "t", finding = "f", why = "w" }

[on.postgres]
sql.16 = "select 16"
"""


def test_a_version_too_old_blinds() -> None:
    found = plan(["x"], {"x": decode(UNIT, "x", "item")}, facts())[0]
    assert isinstance(found, Blind)
    assert found.reason == "not_in_version"
    assert "15.20" in found.sentence


def test_a_source_that_cannot_be_seen_gives_way_to_its_fallback() -> None:
    unit = UNIT.replace('sql.16 = "select 16"', 'access = ["files"]\nsql = "a"\nfallback = { sql = "b" }')
    checks = {"x": decode(unit, "x", "item")}
    blind, seeing = plan(["x"], checks, facts())[0], plan(["x"], checks, facts(superuser=True))[0]
    assert isinstance(blind, Step)
    assert isinstance(seeing, Step)
    assert (blind.sql, blind.instead_of is not None) == ("b", True)
    assert (seeing.sql, seeing.fallback is not None) == ("a", True)
