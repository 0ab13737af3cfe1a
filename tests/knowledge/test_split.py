"""Where a document is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dbmedic.knowledge.split import passages
from dbmedic.knowledge.tokens import weight

PAGE = (
    "intro\n\n# One\n\nfirst\n\n## Deep\n\nsecond\nline\n\n```sql\n# not a heading\n\nselect 1\n```\n\n# Two\n\nthird\n"
)


def test_a_passage_knows_its_headings() -> None:
    assert [(one.heading, one.text.split("\n")[0]) for one in passages(PAGE)] == [
        ("", "intro"), ("One", "first"), ("One › Deep", "second"), ("Two", "third"),
    ]  # fmt: skip


def test_fenced_code_is_not_cut_and_holds_no_heading() -> None:
    assert "# not a heading\n\nselect 1" in passages(PAGE)[2].text


def test_positions_count_and_starts_point_into_the_text() -> None:
    pieces = passages(PAGE)
    assert [one.position for one in pieces] == [1, 2, 3, 4]
    assert all(PAGE[one.start :].startswith(one.text.split("\n")[0]) for one in pieces)


def test_paragraphs_fill_a_passage_up_to_its_limit() -> None:
    text = "\n\n".join(f"Paragraph {number} with some words in it." for number in range(100))
    pieces = passages(text, limit=50)
    assert len(pieces) > 10
    assert all(weight(one.text) <= 52 for one in pieces)


def test_one_endless_line_is_cut_too() -> None:
    pieces = passages("磁" * 1000, limit=300)
    assert [len(one.text) for one in pieces] == [300, 300, 300, 100]


def test_an_overlap_repeats_the_end_of_the_passage_before() -> None:
    text = "\n\n".join(f"{number} aaaa bbbb cccc dddd eeee" for number in range(9))
    pieces = passages(text, limit=21, overlap=8)
    texts = [one.text.split("\n\n") for one in pieces]
    assert all(before[-1] == after[0] for before, after in pairwise(texts))


def test_an_own_separator_cuts() -> None:
    assert [one.text for one in passages("a\n***\nb\n***\nc", separator="\n***\n", limit=1)] == ["a", "b", "c"]


@given(st.text(alphabet="ab #`\n。磁盘~.", max_size=400))
def test_nothing_but_headings_and_space_is_lost(text: str) -> None:
    kept = sorted("".join(one.text for one in passages(text, limit=20)).replace(" ", "").replace("\n", ""))
    headings = sorted("".join(text.split()))
    assert len(kept) <= len(headings)
    assert set(kept) <= set(headings)
    assert all(one.text.strip() for one in passages(text, limit=20))
