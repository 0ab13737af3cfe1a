"""The pages that come with dbmedic: `pages/<language>/<name>.md`, Markdown under a few lines of front matter.

A page says what a database administrator needs at that moment, for the versions it names, with its sources.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from msgspec import Struct

from dbmedic.core.errors import Bug

LANGUAGES = ("en", "zh")
FIELDS = ("title", "language", "ask", "sources")


class Page(Struct, frozen=True, kw_only=True):
    """One page in one language."""

    name: str
    """The same in every language, such as "storage-full"."""
    language: str
    title: str
    ask: str
    """How people say what it is about, for finding it."""
    sources: tuple[str, ...]
    text: str


def parse(name: str, text: str) -> Page:
    """The page of a file.  Raises `Bug` for front matter that lacks a field or has one we do not know."""
    _, _, rest = text.partition("---\n")
    front, _, body = rest.partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    if tuple(fields) != FIELDS or not body.strip():
        raise Bug(f"page {name}: front matter must be {', '.join(FIELDS)}, then a text")
    sources = tuple(one.strip() for one in fields["sources"].split(";"))
    return Page(
        name=name,
        language=fields["language"],
        title=fields["title"],
        ask=fields["ask"],
        sources=sources,
        text=body.strip() + "\n",
    )


@cache
def load(language: str) -> tuple[Page, ...]:
    """All pages in a language, by name."""
    folder = files("dbmedic.knowledge") / "pages" / language
    found = [(file.name.removesuffix(".md"), file) for file in folder.iterdir() if file.name.endswith(".md")]
    return tuple(parse(name, file.read_text("utf-8")) for name, file in sorted(found, key=lambda one: one[0]))
