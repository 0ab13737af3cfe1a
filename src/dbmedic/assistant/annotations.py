"""Annotations: questions that a person has answered for an app.  A question that is near enough gets that answer.

Near is what two texts share of their words, each word counted as often as it comes; the words are those that knowledge
is found by, so it holds for Chinese and English alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Model, ModelRequest, NewId, Now, Store
from dbmedic.core.values import Caller, Piece, Question, Row, Text
from dbmedic.knowledge.tokens import words

PREFIX: Final = "annotation "
"""Begins the name of the model in the log of a turn that an annotation answered; its id follows."""
CHARS: Final = 20_000
MOST: Final = 10_000
"""Annotations of one app."""
REMEMBERED: Final = 20_000
Action = Literal["enable", "disable"]


class Annotation(Struct, frozen=True, kw_only=True):
    id: str
    question: str
    answer: str
    hit_count: int
    created_at: datetime


class Setting(NamedTuple):
    """Whether annotations answer, and how near a question must be: 0..1."""

    enabled: bool = False
    threshold: float = 1.0


class Kept:
    """The answer of an annotation, as a model that says nothing else."""

    def __init__(self, annotation: Annotation) -> None:
        self.name = PREFIX + annotation.id
        self._answer = annotation.answer

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:  # noqa: ARG002 - the port's shape
        yield Text(self._answer)

    async def close(self) -> None:
        """Nothing is open."""


class Annotations:
    """The annotations of all apps."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId) -> None:
        self._store, self._now, self._new_id = store, now, new_id
        self._words: dict[str, Counter[str]] = {}
        self._settings: dict[str, Setting] = {}
        self._version = -1

    async def list(self, caller: Caller, *, keyword: str = "") -> list[Annotation]:
        """All of the caller's app, newest first; with a keyword those that hold it."""
        rows = await self._store.read("annotations_of_app", account=caller.account, app=caller.app)
        wanted = keyword.casefold()
        return [_annotation(row) for row in rows if wanted in f"{row['question']}\n{row['answer']}".casefold()]

    async def create(self, caller: Caller, question: str, answer: str) -> Annotation:
        """Raises `BadField` for a text that is empty or too long, or when there are too many."""
        _check(question, answer)
        if len(await self.list(caller)) >= MOST:
            raise BadField("question", f"an app has at most {MOST} annotations; delete one first")
        id, at = self._new_id(), self._now()
        row = {"id": id, "account": caller.account, "app": caller.app, "question": question, "answer": answer}
        await self._store.write(("annotation_put", {**row, "now": micros(at)}))
        return Annotation(id=id, question=question, answer=answer, hit_count=0, created_at=moment(micros(at)))

    async def update(self, id: str, caller: Caller, question: str, answer: str) -> Annotation:
        """Raises as `create`, and `NotFound("annotation")`."""
        _check(question, answer)
        row = {"id": id, "account": caller.account, "app": caller.app, "question": question, "answer": answer}
        (rows,) = await self._store.write(("annotation_update", row))
        if not rows:
            raise NotFound("annotation", id)
        return _annotation(rows[0])

    async def delete(self, id: str, caller: Caller) -> None:
        """Raises `NotFound("annotation")`."""
        fields = {"id": id, "account": caller.account, "app": caller.app}
        (rows,) = await self._store.write(("annotation_delete", fields))
        if not rows:
            raise NotFound("annotation", id)

    async def setting(self, app: str | None) -> Setting:
        if (version := await self._store.version()) != self._version:
            self._settings.clear()
            self._version = version
        if (kept := self._settings.get(app or "")) is not None:
            return kept
        rows = await self._store.read("annotation_reply_get", app=app or "")
        setting = Setting(bool(rows[0]["enabled"]), rows[0]["threshold"]) if rows else Setting()
        if version == self._version:
            self._settings[app or ""] = setting
        return setting

    async def switch(self, caller: Caller, action: Action, threshold: float) -> str:
        """Turns answering on or off, at once; the id of the job that did it."""
        id, app = self._new_id(), caller.app
        await self._store.write(
            ("annotation_reply_put", {"app": app, "enabled": int(action == "enable"), "threshold": threshold}),
            ("annotation_job_put", {"id": id, "app": app, "action": action, "now": micros(self._now())}),
        )
        return id

    async def job(self, id: str, caller: Caller) -> None:
        """Raises `NotFound("job")` for one that never was; all others are done."""
        if not await self._store.read("annotation_job_get", id=id, app=caller.app):
            raise NotFound("job", id)

    async def answering(self, question: Question) -> Model | None:
        """Who answers instead of a model: the app's nearest annotation, when it is near enough.  Counts the hit."""
        app = question.caller.app
        if app is None or question.files or not (setting := await self.setting(app)).enabled:
            return None
        asked = Counter(words(question.text))
        best, nearest = None, 0.0
        for one in await self.list(question.caller):
            near = closeness(asked, self._counted(one.question)) if asked else float(_same(one.question, question.text))
            if near > nearest:
                best, nearest = one, near
        if best is None or nearest < max(setting.threshold, 0.01):
            return None
        await self._store.write(("annotation_hit", {"id": best.id}))
        return Kept(best)

    def _counted(self, text: str) -> Counter[str]:
        if (found := self._words.get(text)) is None:
            if len(self._words) >= REMEMBERED:
                self._words.clear()
            found = self._words[text] = Counter(words(text))
        return found


def closeness(one: Counter[str], other: Counter[str]) -> float:
    """What two texts share of their words: 1 for the same words, 0 for none in common.  Pure."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _check(question: str, answer: str) -> None:
    for name, text in (("question", question), ("answer", answer)):
        if not text.strip():
            raise BadField(name, f"{name} is required")
        if len(text) > CHARS:
            raise BadField(name, f"{name}: {len(text)} characters, at most {CHARS}")


def _annotation(row: Row) -> Annotation:
    return Annotation(
        id=row["id"],
        question=row["question"],
        answer=row["answer"],
        hit_count=row["hit_count"],
        created_at=moment(row["created_at"]),
    )
