"""Laws that every check of the catalogue keeps."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from dbmedic.checks.check import Check, catalogue
from dbmedic.checks.plan import servers
from dbmedic.checks.reference import ITEMS, SAFETY, page
from dbmedic.core.values import REASONS

ALL = [pytest.param(check, id=check.id) for check in catalogue().values()]
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,:;()?][\u4e00-\u9fff ]|[\u4e00-\u9fff][,;:?]$")


@pytest.mark.parametrize("check", ALL)
def test_every_link_leads_to_a_check(check: Check) -> None:
    assert {*check.explains, *check.refuted_by} <= set(catalogue())
    assert check.id not in {*check.explains, *check.refuted_by}


@pytest.mark.parametrize("check", ALL)
def test_every_engine_is_proved(check: Check) -> None:
    for engine, on in check.on.items():
        if check.on.get("any") is None:
            assert on.proof is not None, engine
    assert any(on.proof is not None for on in check.on.values())


@pytest.mark.parametrize("check", ALL)
def test_every_source_is_exactly_one(check: Check) -> None:
    for engine, on in check.on.items():
        for source in (on, on.fallback):
            if source is not None:
                ways = [bool(source.sql), source.python, source.workload, source.metric is not None]
                assert sum(ways) == 1, engine
                assert source.name, engine
                assert set(source.access) <= (set(servers()[engine].access) if engine in servers() else set())


@pytest.mark.parametrize("check", ALL)
def test_chinese_is_chinese(check: Check) -> None:
    text = check.text["zh"]
    for sentence in (text.title, text.finding, text.why, *(also.say for also in text.also)):
        said = re.sub(r"\{[^}]*\}|`[^`]*`", "", sentence)
        assert not HALF_WIDTH.search(said), sentence
    for sentence in (text.finding, text.why, *(also.say for also in text.also)):
        assert sentence.endswith("。"), sentence
        assert re.search(r"[\u4e00-\u9fff]", sentence), sentence


@pytest.mark.parametrize("check", ALL)
def test_both_languages_tell_the_same_numbers(check: Check) -> None:
    def holes(tag: str) -> list[set[str]]:
        text = check.text[tag]
        return [set(re.findall(r"\{(\w+)", said)) for said in (text.finding, *(also.say for also in text.also))]

    assert holes("en") == holes("zh")


def test_every_item_is_one_of_the_report() -> None:
    assert {check.item for check in catalogue().values()} <= set(ITEMS)


def test_needs_say_why_and_what_would_help() -> None:
    for engine, server in servers().items():
        for name, access in server.access.items():
            assert access.reason in REASONS, (engine, name)
            assert access.sentence, (engine, name)
            assert access.grant, (engine, name)


def test_the_reference_names_every_check_and_every_safety_code() -> None:
    text = page(catalogue(), {"fk-no-index": ["PostgreSQL 15.20"]})
    for check in catalogue().values():
        assert f"### {check.id}\n" in text
        assert check.text["zh"].title in text
    from dbmedic.checks.check import Safety

    assert set(SAFETY) == set(get_args(Safety))
    assert "* proved on PostgreSQL 15.20" in text


def test_the_reference_says_how_each_check_is_proved() -> None:
    lines = [line for line in page(catalogue()).splitlines() if line.startswith("| `")]
    assert len(lines) == len(catalogue())
    table = {line.split("`")[1]: [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}
    assert table["hot-row"][:3] == ["server", "rows", "server"]
    assert table["my-non-innodb"][:3] == ["", "MariaDB", "server"]
    assert "no proof" not in {cell for cells in table.values() for cell in cells}
