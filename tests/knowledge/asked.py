"""The checked-in questions, asked of the shipped knowledge with nothing configured."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from dbmedic.assistant.manual import Manual, shipped
from dbmedic.core.ports import Store
from dbmedic.knowledge.library import Library

QUESTIONS = tomllib.loads((Path(__file__).parent / "questions.toml").read_text("utf-8"))


class Asked(NamedTuple):
    language: str
    question: str
    right: list[str]
    found: list[str]
    """Names of pages, best first, each once."""

    def within(self, first: int) -> bool:
        return bool(set(self.right) & set(self.found[:first]))


def manual(store: Store) -> tuple[Manual, Library]:
    library = Library(store, now=lambda: datetime.now(UTC), new_id=lambda: str(uuid4()))
    return Manual(library), library


async def ask_all(store: Store) -> list[Asked]:
    """What is found for each question, as far as the index goes."""
    of, library = manual(store)
    asked = []
    for language, questions in QUESTIONS.items():
        dataset = await of.dataset(language)
        names = {page.id: page.slug for page in shipped(language)}
        for question, right in questions.items():
            found = await library.search(question, [dataset], limit=20)
            asked.append(Asked(language, question, right, list(dict.fromkeys(names[one.document] for one in found))))
    return asked
