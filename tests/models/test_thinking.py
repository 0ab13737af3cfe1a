"""Thoughts inside the text, wherever the network cuts it."""

import pytest

from dbmedic.models.thinking import Thinking


def split(*texts: str) -> tuple[str, str]:
    """(thought, said) of a reply that comes in these pieces."""
    thinking = Thinking()
    parts = [part for text in texts for part in thinking.feed(text)] + list(thinking.end())
    return "".join(t for thought, t in parts if thought), "".join(t for thought, t in parts if not thought)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("Hello", "", "Hello"),
        ("<think>hm, a < b</think>\n\nHello", "hm, a < b", "Hello"),
        ("\n<thinking>hm</thinking>Hello", "hm", "Hello"),
        ("<think></think>Hello", "", "Hello"),
        ("<think>a</think> <think>b</think> Hello", "ab", "Hello"),
        ("<think>never closed", "never closed", ""),
        ("<think>hm</think>", "hm", ""),
        ("<think>hm</think>\n", "hm", ""),
        ("<think>hm</thi", "hm</thi", ""),
        ("  indented", "", "  indented"),
        ("<thin air", "", "<thin air"),
        ("<thi", "", "<thi"),
        ("Write <think> to think</think>", "", "Write <think> to think</think>"),
        ("<think>a</think>Then </think> again <think>", "a", "Then </think> again <think>"),
        ("", "", ""),
    ],
)
def test_a_thought_is_told_from_the_answer(text, thought, said, size):
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert split(*pieces) == (thought, said)


def test_plain_text_is_not_held_back():
    thinking = Thinking()
    assert list(thinking.feed("H")) == [(False, "H")]
    assert thinking.over


def test_a_thought_comes_as_it_grows():
    thinking = Thinking()
    assert list(thinking.feed("<think>one ")) == [(True, "one ")]
    assert list(thinking.feed("two </th")) == [(True, "two ")]
    assert list(thinking.feed("reads")) == [(True, "</threads")]
