"""What a text is found by."""

import pytest

from dbmedic.knowledge.tokens import stem, weight, wide, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("index", "indexes"), ("index", "indexing"), ("indices", "indexed"), ("query", "queries"),
        ("partition", "partitioning"), ("replicate", "replication"), ("vacuum", "vacuuming"), ("lock", "locked"),
        ("postgresql", "postgres"), ("size", "sizing"), ("blocking", "blocks"), ("upgrade", "upgrading"),
    ],
)  # fmt: skip
def test_forms_of_one_word_are_one(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_words_that_differ_stay_apart() -> None:
    assert len({stem(word) for word in ("wal", "walk", "table", "transaction", "index", "vacuum", "status")}) == 7


def test_an_identifier_is_found_whole_and_in_parts() -> None:
    assert words("idle_in_transaction_session_timeout")[0] == "idle_in_transaction_session_timeout"
    assert {"idl", "transact"} <= set(words("idle_in_transaction_session_timeout"))


def test_chinese_becomes_bigrams_without_empty_words() -> None:
    assert words("如何安全地扩容磁盘？") == ["安全", "全地", "地扩", "扩容", "容磁", "磁盘"]
    assert words("主从的延迟") == ["主从", "延迟"]


def test_both_scripts_in_one_text() -> None:
    assert words("MySQL的Buffer Pool设多大") == ["mysql", "buff", "pool", "设多", "多大"]


def test_full_width_letters_are_letters() -> None:
    assert words("ＷＡＬ") == ["wal"]


def test_weight_counts_characters_of_chinese_and_quarters_of_words() -> None:
    assert (weight("磁盘"), weight("abcdefgh"), weight("磁盘ab")) == (2, 2, 3)
    assert wide("WAL 日志增长")
    assert not wide("what does 锁 mean in this log")
