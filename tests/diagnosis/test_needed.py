"""What a pattern needs is in every text that it matches."""

from __future__ import annotations

import pytest

from dbmedic.diagnosis import symptoms
from dbmedic.diagnosis.needed import needed

TEXTS = (
    "why is my database so slow since 9 am?",
    "the disk is full, who holds the lock on table orders",
    "磁盘使用率多少",
    "为什么数据库这么慢",
    "cpu 打满了怎么办, replication lag on the standby",
    "how many connections",
    "is there a backup",
    "tokens=20",
    "索引建议",
    "主从延迟很高, 死锁",
    "データベースが遅い",
    "basis data lambat sekali",
    "show me slow queries of the last hour and unused indexes",
    "检查一下实例健康状况",
    "自增主键快用完了吗",
    "",
)


@pytest.mark.parametrize(
    ("expression", "literals"),
    [
        ("disk (is )?full", ("disk ",)),
        ("(?:slow|hang)s?", ("slow", "hang")),
        ("a?", ()),
        ("x(?:lag|[0-9]+)", ("x",)),
        ("(?<![a-z])lock(?![a-z])", ("lock",)),
        ("慢.{0,4}查询", ("查询",)),
        ("(?:ab|cd)+", ("ab", "cd")),
    ],
)
def test_the_longest_literals_that_cannot_be_missing(expression: str, literals: tuple[str, ...]) -> None:
    assert needed(expression) == literals


def test_every_pattern_of_a_symptom_finds_what_it_found_without() -> None:
    every = [one for several in symptoms._patterns(False).values() for one in several]
    assert sum(bool(literals) for literals, _, _ in every) > len(every) * 0.9
    for text in TEXTS:
        heard = {span for one in symptoms.said(text).values() for span in one.spans}
        assert heard == {(*match.span(), weight) for _, one, weight in every if (match := one.search(text))}, text
