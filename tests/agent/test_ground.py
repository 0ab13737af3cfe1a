"""No number gets past unmarked that nothing measured, and none is marked that something did."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from dbmedic.agent.ground import Block, Ground
from dbmedic.agent.ground_facts import Facts, facts
from dbmedic.core.events import Cited, Measured, ToolReturned
from dbmedic.core.values import Caller, Exchange, Measure, Passage, Question

MARK = " [?]"
AT = datetime(2026, 11, 21, 6, 3, tzinfo=UTC)
MEASURE = Measure(
    id="m1",
    what="disk-used",
    instance="rm-shop-7",
    object="orders",
    values={
        "used": 1_288_490_188,
        "ratio": 0.2314,
        "age": 187.2,
        "rows": 1_234_567,
        "rate": 1200.4,
        "pid": 48213,
        "since": datetime(2026, 11, 20, 22, 17, tzinfo=UTC),
        "lag": 0.0042,
        "old": 200_000,
    },
    units={
        "used": "bytes",
        "ratio": "ratio",
        "age": "seconds",
        "rows": "count",
        "rate": "per_second",
        "pid": "ident",
        "since": "time",
        "lag": "seconds",
        "old": "seconds",
    },
    source="test",
    at=AT,
)
TRUE = (
    "23 %", "23%", "23.1 %", "23 percent", "0.23", "百分之23", "1.2 GiB", "1.2 GB", "1,288,490,188 bytes",
    "1.29 GB", "1229 MiB", "187 s", "3 min", "3 min 7 s", "约3分钟", "1 234 567", "1,234,567", "1.2 million",
    "123万", "1200/s", "about 1300 MB", "2 d 8 h", "4.2 ms", "pid 48213", "2026-11-21 14:03 CST", "06:17",
    "2026年11月21日", "Nov 21", "21 November 2026", "2026-11-20T22:17:00Z", "２３％",
)  # fmt: skip
INVENTED = (
    "24 %", "99.9%", "77 percent", "0.77", "百分之42", "1.3 GiB", "4.7 TB", "912 MB", "188 s", "17 min",
    "4 min 7 s", "约9分钟", "7 654 321", "7,654,321", "9.9 million", "987万", "350/s", "9 d 3 h", "17 ms", "pid 999",
    "2024-01-01", "09:41", "２９％", "1999年1月1日", "Jan 3", "`81 %`", "**37 %**", "8.88e9", "37x",
    "disk-99%", "usage_98 %", "disk97%",
)  # fmt: skip
NO_CLAIMS = (
    "1. First", "2) second", "rm-shop-7", "idx_orders_2", "PostgreSQL 15", "MySQL 8.0.36", "version 16.3", "step 2",
    "[m12]", "`select 5 from t2`", "utf8mb4", "md5", "https://example.com/1/22", "24/7", "第3步", "the 2nd", "$1",
    "| 1 | x |", "pg_stat_io16", "t4.xlarge", "[1] says so",
)  # fmt: skip


def known() -> Facts:
    found = Facts("Asia/Shanghai")
    found.add(MEASURE)
    found.citations = 1
    return found


def passed(text: str, size: int = 10_000, found: Facts | None = None) -> tuple[str, list[Block], Ground]:
    """A text through the filter in pieces of a size: what came out, its code blocks, and the filter."""
    gathered = found or known()
    ground = Ground(lambda: gathered, lambda: MARK)
    out: list[str | Block] = []
    for at in range(0, len(text), size):
        out += ground.feed(text[at : at + size])
    out += ground.end()
    return "".join(one for one in out if isinstance(one, str)), [one for one in out if isinstance(one, Block)], ground


def test_twenty_invented_numbers_are_all_marked():
    assert len(INVENTED) >= 20
    for number in INVENTED:
        assert passed(f"It is {number} now.")[0].count(MARK) == 1, number
    said, _, ground = passed("".join(f"It is {number} now.\n" for number in INVENTED))
    assert said.count(MARK) == ground.marked == len(INVENTED)


def test_twenty_true_numbers_are_never_marked():
    assert len(TRUE) >= 20
    for number in TRUE:
        said, _, ground = passed(f"It is {number} now.")
        assert MARK not in said, said
        assert ground.marked == 0


@pytest.mark.parametrize("text", NO_CLAIMS)
def test_what_states_no_number_is_left_alone(text):
    assert passed(text)[0] == text


def test_the_mark_stands_behind_the_unit():
    assert passed("It holds 88 GB of 1.2 GiB, **99 %**.")[0] == f"It holds 88 GB{MARK} of 1.2 GiB, **99 %{MARK}**."
    assert passed("`88 GB` and")[0] == f"`88 GB`{MARK} and"


def test_an_answer_names_the_measures_it_rests_on():
    assert passed("It is 23 % full.")[2].rests == ("m1",)
    assert passed("It is full.")[2].rests == ()
    assert passed("It is 99 % full.")[2].rests == ()


LONG = "\n".join(
    [
        "The disk of rm-shop-7 is 23 % full (88 GB)。磁盘99%，1.2 GiB 已用。 Wait 3 min 7 s!",
        "1. First, see `select 5`: 4.7 TB? No. 23.",
        "```sql",
        "select 99 from t where a = 17;",
        "```",
        "| 1 | 77 % |",
        "~~~text",
        "it is 66 % full",
        "~~~",
        "end 12",
    ]
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_pieces_of_any_size_give_the_same_answer(size):
    whole, blocks, _ = passed(LONG)
    assert passed(LONG, size)[:2] == (whole, blocks)
    assert blocks == [Block("sql", "select 99 from t where a = 17;\n")]
    assert whole.replace(MARK, "") == LONG
    assert f"66 %{MARK}" in whole  # prose in another dress
    assert "select 99 from t where a = 17;\n" in whole


def test_text_without_a_number_does_not_wait():
    ground = Ground(known, lambda: MARK)
    assert list(ground.feed("The disk")) == ["The disk"]
    assert not list(ground.feed(" is 2"))
    assert not list(ground.feed("3 % full, and"))
    assert list(ground.feed(" slow.\nThe rest")) == [" is 23 % full, and slow.", "\nThe rest"]
    assert list(ground.feed(" flows")) == [" flows"]


def test_a_sentence_without_end_is_not_held_for_ever():
    ground = Ground(known, lambda: MARK)
    said = "".join(str(part) for _ in range(400) for part in ground.feed("23 % and more "))
    assert len(said) > 2000


QUESTION = Question(text="why did 17 jobs take 42 s?", caller=Caller(account="a", user="u", key="k"), api="t")


def gathered(events: Iterable[object] = (), history: tuple[Exchange, ...] = ()) -> Facts:
    return facts(QUESTION, history, tuple(events), AT, (MARK, " [unmeasured]"))  # type: ignore[arg-type]


def test_numbers_of_the_question_and_of_results_stand():
    returned = ToolReturned(call="k", ok=True, content='{"calls": 5512, "mean_ms": 187.4, "size_kb": 65536}')
    said = passed("17 jobs, 42 s, 5512 calls, 187.4 ms, 64 MB, 18 jobs.", found=gathered([returned]))[0]
    assert said == f"17 jobs, 42 s, 5512 calls, 187.4 ms, 64 MB, 18{MARK} jobs."


def test_numbers_of_earlier_answers_stand_unless_they_were_marked():
    history = (Exchange(question="q", answer=f"It has 812 rows and 913{MARK} tables, 77 %{MARK}."),)
    said = passed("812 rows, 913 tables, 77 %.", found=gathered(history=history))[0]
    assert said == f"812 rows, 913{MARK} tables, 77 %{MARK}."


def test_a_source_can_only_be_pointed_at_when_there_is_one():
    passage = Passage(id="p", library="l", document="d", position=1, text="x", score=1)
    assert passed("as [1] says", found=gathered([Cited(call="k", passage=passage)]))[0] == "as [1] says"
    assert MARK in passed("as [3] says", found=gathered([Cited(call="k", passage=passage)]))[0]


def test_what_was_measured_is_gathered_from_the_log():
    assert MARK not in passed("It is 23 % full.", found=gathered([Measured(call="k", measure=MEASURE)]))[0]


ODD = (
    "1e999",
    "9" * 500,
    "0." + "1" * 500,
    "9999-12-31T23:59:59-11:00",
    "0001-01-01T00:00:00+14:00",
    "99:99",
    "٣٤ %",
    "0 %",
)


def test_no_text_breaks_the_filter_or_loses_a_letter():
    letters = [
        *"0123456789 .,:;-–%`*|~#\n\t年月日万秒。！aeGiB€'’²①_/@$(){}[]<>=\\\"",
        *ODD,
        "```sql\n",
        "min",
        "GB",
        " about ",
    ]
    dice = random.Random(7)
    for _ in range(150):
        text = "".join(dice.choice(letters) for _ in range(dice.randrange(120)))
        found = known()
        found.text(text)
        said, blocks, _ = passed(text, dice.choice([1, 3, 200]))
        assert said.replace(MARK, "") == text
        assert all(isinstance(block, Block) for block in blocks)
        assert passed(text, found=found)[0].count(MARK) <= said.count(MARK)
