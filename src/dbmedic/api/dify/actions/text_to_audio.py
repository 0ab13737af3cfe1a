"""`POST /text-to-audio`: a text, or the answer of a message, as speech; where no service speaks, that is the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.whole import whole
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/text-to-audio", user="body")
CHARS = 20_000
MP3 = ((b"content-type", b"audio/mpeg"),)
SILENCE_S = 3600.0
"""No pings: they would be heard."""


class Request(Struct, frozen=True):
    message: str
    text: str
    voice: str | None


def parse(asked: Asked) -> Request:
    fields = asked.fields
    return Request(text(fields, "message_id").strip(), text(fields, "text").strip(), text(fields, "voice") or None)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply | Stream:
    voice = assistant.voice
    if voice is None or not voice.speaks:
        raise invalid("TTS is not enabled")
    said = request.text
    if request.message:
        try:
            said = whole(await assistant.conversations.turn(request.message.lower(), caller)).message().answer
        except NotFound:
            return json_reply(None)
    if not said:
        raise invalid("text is required")
    if len(said) > CHARS:
        raise invalid(f"text: {len(said)} characters, at most {CHARS}")
    pieces = voice.speak(said, request.voice)
    first = await anext(pieces, b"")  # what is wrong shows now, while it can still be said
    return Stream(_from(first, pieces), base=MP3, ping=b"", ping_s=SILENCE_S)


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
