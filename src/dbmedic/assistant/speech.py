"""A language model as it may take part in a turn: values masked on the way out, its answer grounded on the way in.

One `Speaking` wraps one model for one turn.  What it does to the text is in `agent/mask.py` and `agent/ground.py`; here
the two are joined, statements are planned, and what was sent and what came back is recorded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import cache
from typing import Final

import msgspec

from dbmedic.agent.fence import fence, safe
from dbmedic.agent.ground import Block, Ground
from dbmedic.agent.ground_facts import Facts, facts
from dbmedic.agent.mask import Mask, Restoring, Sends
from dbmedic.assistant.planned import Planned
from dbmedic.assistant.traffic import Line, Traffic
from dbmedic.core.events import ToolCalled
from dbmedic.core.lang import phrase
from dbmedic.core.ports import Model, ModelRequest, Target
from dbmedic.core.values import Call, Message, Piece, Reasoning, Rests, Text, ToolSpec
from dbmedic.diagnosis.firstlook import FirstLook, concluded, look
from dbmedic.diagnosis.understand import Understood, language_of, understand

OpenTarget = Callable[[str], Awaitable[Target]]
LANGUAGES: Final = ("en", "zh-CN", "zh-TW", "ja", "id")


class Speech:
    """How language models take part in the turns of one dbmedic."""

    def __init__(self, key: bytes, traffic: Traffic, sends: Sends = "masked") -> None:
        """`key`: words that stand for values are derived from it; `sends` is what a model is told."""
        self._key, self._traffic, self._sends = key, traffic, sends

    def of(self, turn: str, conversation: str, target: OpenTarget) -> Callable[[Model], Model]:
        """What wraps the models of one turn."""
        mask, line = Mask(self._key, self._sends, conversation), self._traffic.of(turn)
        return lambda model: Speaking(model, mask, line, target)

    @staticmethod
    def first(request: ModelRequest) -> Model | None:
        """Who makes the first calls of a turn before its model speaks; None where there is nothing to measure."""
        return FirstLook() if look(request) else None


class Speaking:
    """A `Model`: another one, masked and grounded."""

    def __init__(self, model: Model, mask: Mask, line: Line, target: OpenTarget) -> None:
        self.name = model.name
        self.context_window = int(getattr(model, "context_window", 0))
        self.vision = bool(getattr(model, "vision", False))
        self._model, self._mask, self._line, self._target = model, mask, line, target
        self._asked: Understood | None = None

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """The pieces of the reply; its text waits for the end of a sentence where that has a number in it."""
        question = request.question

        @cache
        def language() -> str:
            return question.language or language_of(question, request.instances, request.history)

        found = concluded(request)
        messages = self._mask.messages(grounded(request.messages, found))
        sent = msgspec.structs.replace(request, messages=messages, tools=offered(request.tools))
        key, got = self._line.sent(self.name, sent), list[Piece]()
        ground = Ground(lambda: _facts(request, found), lambda: mark(language()))
        planned = Planned(self._target, lambda: _meant(request, self._understood(request)), language)
        answer, thought = Restoring(self._mask), Restoring(self._mask)
        try:
            async with aclosing(self._model.reply(sent)) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    got.append(piece)
                    match piece:
                        case Text(text=text):
                            if ground.passes(restored := answer.feed(text)):
                                if restored:
                                    yield piece if restored is text else Text(restored)
                                continue
                            for part in ground.feed(restored):
                                if said := await _said(part, planned):
                                    yield said
                        case Reasoning(text=text):
                            if thinks := thought.feed(text):
                                yield Reasoning(thinks)
                        case Call():
                            yield Call(piece.id, piece.tool, self._mask.value(piece.args))
                        case Rests():
                            pass
                        case _:
                            yield piece
        except Exception:
            for part in _rest(ground, answer):
                if said := await _said(part, planned):
                    yield said
            raise
        finally:
            self._line.got(key, got)
        if left := thought.end():
            yield Reasoning(left)
        for part in _rest(ground, answer):
            if said := await _said(part, planned):
                yield said
        yield Rests(ground.rests)

    async def close(self) -> None:
        """The model is closed by whoever opened it."""

    def _understood(self, request: ModelRequest) -> Understood:
        if self._asked is None:
            self._asked = understand(request.question, request.instances, request.history, request.now)
        return self._asked


def mark(language: str) -> str:
    """What stands behind a number that nothing says."""
    return f" {phrase(language, 'ground.mark')}"


MARKS: Final = tuple(mark(language) for language in LANGUAGES)


def grounded(messages: tuple[Message, ...], found: tuple[str, str] | None) -> tuple[Message, ...]:
    """A transcript with what the analyst concludes (see `concluded`) behind the results of its first look."""
    if found is None:
        return messages
    call, text = found
    said = fence('tool="analyst"', text)
    return tuple(
        msgspec.structs.replace(one, text=f"{one.text}\n{said}") if one.role == "tool" and one.call == call else one
        for one in messages
    )


def _facts(request: ModelRequest, found: tuple[str, str] | None) -> Facts:
    """What numbers of the reply may rest on."""
    known = facts(request.question, request.history, request.events, request.now, MARKS)
    if found is not None:
        known.text(found[1])
    return known


SETS: Final = 256
_harmless: dict[int, tuple[tuple[ToolSpec, ...], tuple[ToolSpec, ...]]] = {}


def offered(specs: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    """Tools as a model is told of them; the words of some come from other servers.  The same few sets in every turn."""
    if (found := _harmless.get(id(specs))) is None:
        if len(_harmless) >= SETS:
            _harmless.clear()
        found = _harmless[id(specs)] = specs, tuple(map(_offered, specs))
    return found[1]


def _offered(spec: ToolSpec) -> ToolSpec:
    words = safe(spec.description)
    return spec if words == spec.description else msgspec.structs.replace(spec, description=words)


async def _said(part: str | Block, planned: Planned) -> Text | None:
    """A piece of the answer; behind a block of statements, what is to be said of them."""
    text = part if isinstance(part, str) else await planned.label(part)
    return Text(text) if text else None


def _rest(ground: Ground, answer: Restoring) -> Sequence[str | Block]:
    """What is left of an answer when no more of it comes."""
    return [*ground.feed(answer.end()), *ground.end()]


def _meant(request: ModelRequest, asked: Understood) -> str | None:
    """Id of the instance that an answer is about."""
    called = [event.args.get("instance") for event in request.events if isinstance(event, ToolCalled)]
    last = next((one for one in reversed(called) if isinstance(one, str)), None)
    return last or request.question.instance or asked.instance
