"""The tool that searches: what a model reads, and what is cited."""

from datetime import UTC, datetime

from dbmedic.agent.tool import Context
from dbmedic.core.events import Cited
from dbmedic.core.values import Caller, Passage, Question
from dbmedic.tools.search import NOTHING, search

QUESTION = Question(text="?", caller=Caller(account="a", user="u", key="k"), api="test")
FOUND = [
    Passage(id=id, library="l", document=id, title=id.upper(), position=1, text=f"text of {id}", score=0.5)
    for id in ("x", "y")
]


class Desk:
    def __init__(self, *found: Passage) -> None:
        self.found, self.asked, self.said = found, [], []
        self.numbers: dict[str, int] = {}

    async def search(self, query: str, language: str) -> list[Passage]:
        self.asked.append((query, language))
        return list(self.found)

    async def say(self, event) -> None:
        self.said.append(event)

    def context(self) -> Context:
        return Context(
            call="k1",
            question=QUESTION,
            instances=(),
            target=None,  # type: ignore[arg-type]
            say=self.say,
            new_measure=str,
            now=lambda: datetime.now(UTC),
            search=self.search,
            cite=lambda id: self.numbers.setdefault(id, len(self.numbers) + 1),
        )


async def test_each_passage_is_cited_with_its_number() -> None:
    desk = Desk(*FOUND)
    assert await search(desk.context(), {"query": "Index"}) == "[1] X\ntext of x\n\n[2] Y\ntext of y"
    assert desk.said == [Cited(call="k1", passage=one) for one in FOUND]
    assert desk.asked == [("index", "en")]


async def test_a_second_search_goes_on_counting() -> None:
    desk = Desk(*FOUND)
    await search(desk.context(), {"query": "index"})
    desk.found = (FOUND[1], Passage(id="z", library="l", document="z", title="Z", position=1, text="t", score=0.5))
    assert (await search(desk.context(), {"query": "lock"})).startswith("[2] Y\ntext of y\n\n[3] Z")


async def test_traditional_characters_find_simplified_pages() -> None:
    desk = Desk()
    assert await search(desk.context(), {"query": "如何擴容磁碟"}) == NOTHING
    assert desk.asked == [("如何扩容磁盘", "zh-TW")]


async def test_a_context_without_a_knowledge_base_finds_nothing() -> None:
    desk = Desk()
    bare = desk.context()._replace(search=Context._field_defaults["search"])
    assert await search(bare, {"query": "index"}) == NOTHING
