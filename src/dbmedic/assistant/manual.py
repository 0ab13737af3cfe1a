"""dbmedic's own knowledge: the pages that come with it, and a page for each check made of its words.

They are two libraries of the store, one for each language, brought up to date before the first search after a start.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from dbmedic.checks.check import Check, catalogue
from dbmedic.checks.check import words as words_of
from dbmedic.core.values import Passage
from dbmedic.knowledge.kept import Dataset, Shipped
from dbmedic.knowledge.library import Library
from dbmedic.knowledge.pages import load

ACCOUNT: Final = ""
"""No account's own: everybody may read these libraries, nobody may change them."""
ENOUGH: Final = 0.34
"""Passages that speak of less of a question than this are no answer to it."""
SECTIONS: Final = 3
"""Passages of the best page at most."""
FEW: Final = 5
"""Passages that one search gives."""
NAMES: Final = {"en": "dbmedic handbook", "zh": "dbmedic 手册"}
_PHRASES: Final = {
    "en": {"check": "Check", "on": "On {engine} it reads {name}.", "do": "Way out on {engine}:", "also": "See also:"},
    "zh": {"check": "检查项", "on": "在 {engine} 上读取 {name}。", "do": "{engine} 的处理语句：", "also": "参见："},
}
_ENGINES: Final = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "sqlite": "SQLite",
    "redis": "Redis",
}
_FIELD: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


class Manual:
    """The two libraries over one store."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._datasets: dict[str, Dataset] = {}
        self._once = asyncio.Lock()

    async def search(self, query: str, language: str, more: Sequence[Dataset] = ()) -> list[Passage]:
        """What speaks of the query, best first; nothing when nothing does.  English where its language has no pages.

        `more` are searched along with our own.

        Of the best page its beginning is among them, since there it says what matters most.
        """
        found = await self._library.search(query, [await self.dataset(language), *more], limit=3 * FEW)
        if not found or max(one.score for one in found[:3]) < ENOUGH:
            return []
        best = found[0]
        kept = [one for one in found if one.score >= ENOUGH or one is best]
        same = [one for one in kept if one.document == best.document][:SECTIONS]
        if all(one.position != 1 for one in same):
            same = [*await self._library.beginning(best), *same[: SECTIONS - 1]]
        others: dict[str, Passage] = {}
        for one in kept:
            if one.document != best.document:
                others.setdefault(one.document, one)
        return [*sorted(same, key=lambda one: one.position), *others.values()][:FEW]

    async def dataset(self, language: str) -> Dataset:
        """The library of a language, up to date."""
        language = "zh" if language.lower().startswith("zh") else "en"
        async with self._once:
            if language not in self._datasets:
                name = NAMES[language]
                dataset = await self._library.builtin(_id(language), ACCOUNT, name)
                await self._library.install(dataset, shipped(language))
                self._datasets[language] = dataset
            return self._datasets[language]


def shipped(language: str) -> list[Shipped]:
    """Every page of a language: the written ones, then one for each check."""
    pages = [
        Shipped(id=_id(language, page.name), name=page.title, words=page.ask, text=page.text, slug=page.name)
        for page in load(language)
    ]
    return pages + [check_page(check, language) for _, check in sorted(catalogue().items())]


def check_page(check: Check, language: str) -> Shipped:
    """What a check looks for, why it matters, where it reads, and the way out, from the words in its file."""
    said, phrases = words_of(check, language), _PHRASES[language]
    lines = [_plain(said.why), "", f"{phrases['check']} `{check.id}`: {_plain(said.finding)}"]
    lines += [_plain(one.say) for one in said.also]
    engines = [(name, on) for name, on in check.on.items() if name in _ENGINES]
    for name, on in engines:
        if on.name:
            lines += ["", phrases["on"].format(engine=_ENGINES[name], name=on.name)]
    done: Sequence[str] = ()
    for name, on in engines:
        statements = [_plain(remedy.do) for remedy in on.fix]
        if statements and statements != done:
            lines += ["", phrases["do"].format(engine=_ENGINES[name]), "", "```sql", *statements, "```"]
        done = statements
    title = said.title
    found_by = f"{check.id.replace('-', ' ')} {check.item.replace('_', ' ')}"
    slug = f"check-{check.id}"
    return Shipped(id=_id(language, slug), name=title, words=found_by, text="\n".join(lines) + "\n", slug=slug)


def _plain(template: str) -> str:
    return _FIELD.sub(lambda field: f"⟨{field[1]}⟩", template)


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("dbmedic:manual", *parts))))
