"""A transcript made to fit a model's context window: what is oldest is shortened first, what is newest stays whole.

Pure.  Tokens are estimated from bytes, on the safe side: no vocabulary of a model is at hand.  Whatever is cut says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from dbmedic.core.values import Message, ToolSpec

BYTES: Final = 3
"""Of UTF-8 for a token: a little less than in English prose, about what Chinese takes."""
MESSAGE_TOKENS: Final = 6
"""What a message costs beside its text."""
IMAGE_TOKENS: Final = 1_500
ANSWER: Final = 8_192
"""Tokens left for the reply, at most a quarter of the window."""
VERDICT: Final = 240
"""Characters of an earlier answer that is shortened: its first sentence, where that says how it was."""
SAID: Final = 160
"""Characters of an earlier question that is shortened."""
RESULT: Final = 600
"""Characters left of an earlier tool result."""
LEAST: Final = 400
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])\s|\n")
_FENCE: Final = "\n</data>"


def tokens(messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
    """About how many tokens a request takes."""
    size = sum(_size(message) for message in messages)
    if tools:
        size += len(msgspec.json.encode(tools)) // BYTES
    return size


def fit(messages: Sequence[Message], tools: Sequence[ToolSpec], window: int) -> tuple[Message, ...]:
    """The same transcript, shortened so that it and an answer fit into `window` tokens; as it is when it does.

    The system prompt and the question are kept; a window too small even for those gets what is left at the least size.
    """
    room = window - min(ANSWER, window // 4) - tokens((), tools)
    kept = list(messages)
    if tokens(kept) <= room:
        return tuple(kept)
    asked = max((at for at, one in enumerate(kept) if one.role == "user"), default=0)
    first = 1 if kept and kept[0].role == "system" else 0
    # 1. earlier turns, oldest first, down to what was asked and the verdict; the newest one last
    kept = _shorten_earlier(kept, first, asked, room)
    # 2. results that the model has seen before, oldest first
    newest = max((at for at, one in enumerate(kept) if one.calls), default=len(kept))
    kept = _cut_results(kept, range(asked + 1, newest), RESULT, room)
    # 3. earlier turns go
    if tokens(kept) > room and asked > first:
        left_out = (asked - first) // 2
        note = Message(role="user", text=f"({left_out} earlier questions and answers were left out: no room for them.)")
        kept = [*kept[:first], note, Message(role="assistant", text="Understood."), *kept[asked:]]
        asked = first + 2
        newest = max((at for at, one in enumerate(kept) if one.calls), default=len(kept))
    # 4. what is newest shares the room
    kept = _cut_results(kept, range(newest, len(kept)), None, room)
    if (over := tokens(kept) - room) > 0:
        question = kept[asked]
        text = cut(question.text, max(LEAST, len(question.text) - over * BYTES))
        kept[asked] = msgspec.structs.replace(question, text=text)
    return tuple(kept)


def cut(text: str, most: int) -> str:
    """The start of a text with a mark of how much is missing; a fence around it stays closed."""
    if len(text) <= most:
        return text
    end = _FENCE if text.endswith(_FENCE) else ""
    head = text[: max(0, most - len(end))]
    return f"{head}\n[… {len(text) - len(head) - len(end)} characters cut to fit the model]{end}"


def verdict(answer: str) -> str:
    """What an earlier answer said first."""
    said = _SENTENCE.split(answer.strip(), 1)[0][:VERDICT]
    return said if len(said) == len(answer.strip()) else f"{said} [… shortened]"


def _shorten_earlier(messages: list[Message], first: int, asked: int, room: int) -> list[Message]:
    kept, size = list(messages), tokens(messages)
    for at in range(first, asked):
        if size <= room:
            break
        one = kept[at]
        text = verdict(one.text) if one.role == "assistant" else one.text
        if one.role == "user" and len(text) > SAID:
            text = f"{text[:SAID]} [… shortened]"
        if len(text) < len(one.text):
            kept[at] = msgspec.structs.replace(one, text=text, images=())
            size += _size(kept[at]) - _size(one)
    return kept


def _cut_results(messages: list[Message], places: range, most: int | None, room: int) -> list[Message]:
    """Cuts tool results until the transcript fits; `most` None: evenly, to what room there is."""
    kept, size = list(messages), tokens(messages)
    results = [at for at in places if kept[at].role == "tool"]
    if most is None and results and size > room:
        others = size - sum(_size(kept[at]) for at in results)
        most = max(LEAST, (room - others) * BYTES // len(results) // 2)
    for at in results:
        if size <= room or most is None:
            break
        one = kept[at]
        kept[at] = msgspec.structs.replace(one, text=cut(one.text, most))
        size += _size(kept[at]) - _size(one)
    return kept


def _size(message: Message) -> int:
    size = len(message.text.encode()) // BYTES + MESSAGE_TOKENS + IMAGE_TOKENS * len(message.images)
    if message.calls:
        size += len(msgspec.json.encode(message.calls)) // BYTES
    return size
