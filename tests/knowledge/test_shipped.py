"""The knowledge that comes with dbmedic: both languages, well formed, and found by how people ask."""

import asyncio
import re

import pytest

from dbmedic.assistant.manual import check_page, shipped
from dbmedic.checks.check import catalogue
from dbmedic.core.errors import Bug
from dbmedic.knowledge.pages import LANGUAGES, load, parse
from dbmedic.knowledge.tokens import weight, wide
from dbmedic.store.sqlite import open_store
from knowledge.asked import QUESTIONS, ask_all, manual

RIGHT_AT_LEAST = 90
PAGES = [page for language in LANGUAGES for page in load(language)]


@pytest.fixture
async def store():
    opened = await open_store(None)
    yield opened
    await opened.close()


async def test_the_right_page_is_among_the_first_three(store) -> None:
    asked = await ask_all(store)
    assert {language: len(questions) for language, questions in QUESTIONS.items()} == {"en": 50, "zh": 50}
    assert sum(one.within(3) for one in asked) >= RIGHT_AT_LEAST, [one for one in asked if not one.within(3)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_names_a_page_that_exists(language) -> None:
    names = {page.slug for page in shipped(language)}
    assert {name for right in QUESTIONS[language].values() for name in right} <= names


def test_every_page_is_in_both_languages_from_the_same_sources() -> None:
    pairs = [{page.name: page.sources for page in load(language)} for language in LANGUAGES]
    assert pairs[0] == pairs[1]
    assert len(pairs[0]) >= 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.language}-{page.name}")
def test_a_page_is_compact_and_in_its_language(page) -> None:
    assert 150 <= weight(page.text) <= 900
    assert page.sources[0]
    assert wide(re.sub(r"`[^`]*`|```.*?```", "", page.text, flags=re.DOTALL)) == (page.language == "zh")
    assert page.text.count("```") % 2 == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_has_a_page_without_holes_in_its_words(language) -> None:
    for check in catalogue().values():
        page = check_page(check, language)
        assert check.id in page.text
        assert not re.search(r"\{\w+(:\w+)?\}", page.text), page.text


async def test_installing_again_changes_nothing(store) -> None:
    of, library = manual(store)
    dataset = await of.dataset("en")
    assert await library.install(dataset, shipped("en")) == 0
    assert await library.install(dataset, shipped("en")[1:]) == 0
    assert len((await library.documents(dataset, limit=1000))[0]) == len(shipped("en")) - 1
    assert await library.install(dataset, shipped("en")) == 1


async def test_two_processes_that_start_at_once_install_one_handbook(tmp_path) -> None:
    stores = [await open_store(tmp_path / "store.db") for _ in range(2)]
    first, second = (manual(store) for store in stores)
    one, other = await asyncio.gather(first[0].dataset("en"), second[0].dataset("en"))
    assert one == other
    for _, library in (first, second):
        assert len((await library.documents(one, limit=1000))[0]) == len(shipped("en"))
        found = await library.search("wraparound of transaction ids", [one])
        assert len({passage.id for passage in found}) == len(found) > 0
    for store in stores:
        await store.close()


async def test_the_page_about_an_online_index_is_cited_from_its_beginning(store) -> None:
    of, _ = manual(store)
    found = await of.search("how do I add an index without blocking writes?", "en")
    assert found[0].title == "Add an index without blocking writes"
    assert found[0].text.startswith("PostgreSQL: `CREATE INDEX CONCURRENTLY")
    assert (await of.search("如何安全地扩容磁盘?", "zh-CN"))[0].title == "安全地扩容磁盘"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("best pizza in Rome", "en"), ("how do I configure kubernetes ingress", "en"), ("今天天气怎么样", "zh"),
        ("how do I bake bread", "en"), ("推荐一部电影", "zh"), ("???", "en"),
    ],
)  # fmt: skip
async def test_what_no_page_speaks_of_is_not_found(store, question, language) -> None:
    of, _ = manual(store)
    assert await of.search(question, language) == []


@pytest.mark.parametrize(
    "text", ["no front matter", "---\ntitle: x\n---\ntext", "---\ntitle: x\nlanguage: en\nask: y\nsources: z\n---\n"]
)
def test_a_page_without_its_front_matter_is_refused(text) -> None:
    with pytest.raises(Bug):
        parse("x", text)
