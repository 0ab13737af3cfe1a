"""The TOML unit: strict decoding, words, versions and engines."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbmedic.checks.check import BadCheck, decode, load, render, words
from dbmedic.checks.plan import newest
from dbmedic.core.values import Measure

UNIT = """
object  = "{schema}.{table}"
cost    = 1
columns = { schema = "ident", table = "ident", size = "bytes", idle = "seconds" }
thresholds = { big = "1GiB" }
level   = { warning = "size >= big" }

[text.en]
title   = "Big table"
finding = "{table} takes {size}."
why     = "Space."
also    = [{ when = "idle is not null", say = "Idle for {idle}." }]

[text.zh]
title   = "大表"
finding = "{table} 占用 {size}。"
why     = "空间。"

[on.postgres]
sql."12" = "twelve"
sql."16" = "sixteen"

[on.mysql]
sql = "mysql"
access = ["metadata"]

[on.mariadb]
sql = "mariadb"
"""


def measure(**values: object) -> Measure:
    units = decode(UNIT, "big-table", "item").columns
    return Measure(
        id="m1",
        what="big-table",
        instance="i",
        object="s.t",
        values=values,
        units=units,
        source="x",
        at=datetime.now(UTC),
    )


def test_place_is_identity() -> None:
    check = decode(UNIT, "big-table", "storage_engine_analysis")
    assert (check.id, check.item) == ("big-table", "storage_engine_analysis")


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (UNIT.replace("cost ", "costs "), "costs"),
        (UNIT.replace("why ", "wy ", 1), "wy"),
        (UNIT.replace("{size}.", "{bytes}.", 1), "text.en.finding: unknown column 'bytes'"),
        (UNIT.replace("{size}.", "{size:stone}.", 1), "unknown unit 'stone'"),
        (UNIT.replace("size >= big", "size >= huge"), "level.warning: unknown name 'huge'"),
        (UNIT.replace("size >= big", "size >>= big"), "$.level.warning"),
        (UNIT.replace('"bytes"', '"stones"'), "stones"),
        (UNIT.replace("[text.zh]", "[text.fr]"), "text.zh: missing"),
        ("object = ", "x.toml"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(spoilt: str, said: str) -> None:
    with pytest.raises(BadCheck) as caught:
        decode(spoilt, "x", "item")
    assert "item/x.toml" in str(caught.value)
    assert said in str(caught.value)


def test_newest_sql_that_is_not_too_new_wins() -> None:
    on = decode(UNIT, "x", "item").engine("postgres")
    assert on is not None
    assert [newest(on.sql, version) for version in [(11, 4), (12, 0), (15, 20), (16,), (19, 1)]] == [
        None, "twelve", "twelve", "sixteen", "sixteen",
    ]  # fmt: skip


def test_mariadb_says_only_where_it_differs_from_mysql() -> None:
    check = decode(UNIT, "x", "item")
    mysql, mariadb = check.engine("mysql"), check.engine("mariadb")
    assert mysql is not None
    assert mariadb is not None
    assert (mysql.sql, mariadb.sql) == ("mysql", "mariadb")
    assert mariadb.access == mysql.access
    assert check.engine("sqlite") is None


def test_level_of_one_column_is_short() -> None:
    short = UNIT.replace(
        'level   = { warning = "size >= big" }', 'level   = { of = "size", warning = "1MiB", error = 5 }'
    )
    level = decode(short, "x", "item").level
    assert level.warning is not None
    assert level.error is not None
    assert level.warning.holds({"size": 2**20})
    assert not level.warning.holds({"size": 2**20 - 1})
    assert level.error.holds({"size": 5})


@pytest.mark.parametrize("tag", ["zh", "zh-CN", "zh-TW", "zh_Hans_CN", "ZH"])
def test_every_chinese_reads_chinese(tag: str) -> None:
    assert words(decode(UNIT, "x", "item"), tag).title == "大表"


@pytest.mark.parametrize("tag", ["en", "en-GB", "ja", "id", None, ""])
def test_everyone_else_reads_english(tag: str | None) -> None:
    assert words(decode(UNIT, "x", "item"), tag).title == "Big table"


def test_a_finding_is_a_sentence_with_units() -> None:
    check = decode(UNIT, "x", "item")
    assert render(check, measure(table="t", size=3 * 2**30, idle=200), "en") == "t takes 3 GiB. Idle for 3 min 20 s."
    assert render(check, measure(table="t", size=None), "en") == "t takes unknown."
    assert render(check, measure(table="t", size=3 * 2**30), "zh-TW") == "t 占用 3 GiB。"


def test_a_strangers_folder_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "item").mkdir()
    file = tmp_path / "item" / "big-table.toml"
    file.write_text(UNIT)
    assert set(load(tmp_path)) == {"big-table"}
    file.write_text(UNIT.replace('sql = "mysql"', "python = true"))
    with pytest.raises(BadCheck, match=r"item/big-table.toml: python"):
        load(tmp_path)
