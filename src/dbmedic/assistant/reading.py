"""What an app's answers may cite: dbmedic's own knowledge, and the datasets that are attached to the app."""

from __future__ import annotations

from dbmedic.agent.tool import Search
from dbmedic.assistant.datasets import Datasets
from dbmedic.assistant.manual import Manual
from dbmedic.core.values import Passage, Question


class Reading:
    def __init__(self, manual: Manual, datasets: Datasets) -> None:
        self._manual, self._datasets = manual, datasets

    def of(self, question: Question) -> Search:
        """The search over what whoever asks this may read."""

        async def search(query: str, language: str) -> list[Passage]:
            attached = await self._datasets.of_app(question.caller)
            found = await self._manual.search(query, language, attached)
            mine = {one.id for one in attached}
            await self._datasets.hit([one.id for one in found if one.library in mine])
            return found

        return search
