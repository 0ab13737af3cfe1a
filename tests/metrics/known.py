"""An engine that only says who it is: metric sources ask it for its facts and its sizes."""

from __future__ import annotations

from typing import Any

from dbmedic.core.errors import Failure
from dbmedic.core.values import EngineFacts, Instance, Row


class Known:
    """The `Engine` port with given facts; `answers` maps a part of a statement to its rows or its error."""

    name = "postgres"

    def __init__(self, answers: dict[str, list[Row] | Failure] | None = None, **facts: Any) -> None:
        self.answers = answers or {}
        given = {"engine": "postgres", "version": (15, 4), "version_text": "PostgreSQL 15.4", "database": "shop"}
        self._facts = EngineFacts(**(given | {"role": "watcher"} | facts))

    async def facts(self) -> EngineFacts:
        return self._facts

    async def rows(self, sql: str, params: Any = None, /, **_: Any) -> list[Row]:
        for part, answer in self.answers.items():
            if part in sql:
                if isinstance(answer, Failure):
                    raise answer
                return answer
        return []

    async def plan(self, statement: str, /, **_: Any) -> dict[str, Any]:
        return {"statement": statement}

    async def close(self) -> None:
        return None


def instance(**fields: Any) -> Instance:
    return Instance(**({"id": "rm-1", "url": "postgresql://watcher@db1/shop"} | fields))
