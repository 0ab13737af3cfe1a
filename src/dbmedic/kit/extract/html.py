"""HTML to text: what a reader would see.  Scripts, styles and comments are dropped; nothing is fetched or run."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from dbmedic.kit.extract.plain import CHARS

_DROPPED: Final = frozenset(("script", "style", "template", "noscript", "svg", "iframe", "object", "head"))
_BLOCKS: Final = frozenset(
    ("p", "div", "br", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "article", "ul", "ol",
     "blockquote", "hr", "dt", "dd")
)  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self, limit: int) -> None:
        super().__init__(convert_charrefs=True)
        self._limit = limit
        self.parts: list[str] = []
        self.size = 0
        self._dropping: list[str] = []
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - a hook
        if tag in _DROPPED:
            self._dropping.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append("\t")
        self._pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropping:
            while self._dropping.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.parts.append("\n")
        self._pre -= tag == "pre" and self._pre > 0

    def handle_data(self, data: str) -> None:
        if not self._dropping and self.size <= self._limit:
            text = data if self._pre else " ".join(data.split()) + (" " if data[-1:].isspace() else "")
            self.parts.append(text)
            self.size += len(text)


def html_text(source: str, limit: int = CHARS) -> str:
    """The visible text of a page, at most `limit` characters."""
    reader = _Reader(limit)
    reader.feed(source)
    reader.close()
    lines = [line.rstrip() for line in "".join(reader.parts).splitlines()]
    kept = [line for number, line in enumerate(lines) if line.strip() or (number and lines[number - 1].strip())]
    return "\n".join(kept).strip()[:limit]
