"""Thoughts that a model writes into its text: `<think> … </think>` at the start of a reply, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator

_TAGS = ("<think>", "<thinking>", "<thought>")


class Thinking:
    """Splits the text of one reply into what was thought and what was said.

    Only a reply that opens with a tag holds a thought: an answer may speak of tags.  `over` says that nothing is left
    to look for, so that text may pass by.
    """

    __slots__ = ("_close", "_held", "_thought", "over")

    def __init__(self) -> None:
        self.over = False
        self._held = ""
        self._close = ""
        """The tag that ends the thought under way."""
        self._thought = False
        """A thought has been closed: blanks up to the answer belong to neither."""

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """(is it a thought, text), at most a tag's length late."""
        if self.over:
            yield False, text
            return
        text, self._held = self._held + text, ""
        if not self._close:
            head = text.lstrip()
            tag = next((tag for tag in _TAGS if head.startswith(tag)), None)
            if tag is None:
                if any(tag.startswith(head) for tag in _TAGS):
                    self._held = text
                else:
                    self.over = True
                    yield False, head if self._thought else text
                return
            self._close, text = f"</{tag[1:]}", head[len(tag) :]
        end = text.find(self._close)
        if end < 0:
            end = len(text) - _overlap(text, self._close)
            self._held = text[end:]
            if end:
                yield True, text[:end]
            return
        said, self._close, self._thought = text[end + len(self._close) :], "", True
        if end:
            yield True, text[:end]
        if said:
            yield from self.feed(said)

    def end(self) -> Iterator[tuple[bool, str]]:
        """What was held back: the start of a tag that never became one."""
        if self._held and not (self._thought and self._held.isspace()):
            yield bool(self._close), self._held
        self._held = ""


def _overlap(text: str, tag: str) -> int:
    """How many of the last characters may be the start of the tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-size:])), 0)
