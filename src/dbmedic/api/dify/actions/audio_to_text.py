"""`POST /audio-to-text`: what was said in a recording; where no service listens, that is the answer."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.wire import Fault
from dbmedic.api.http import Reply
from dbmedic.api.multipart import Part
from dbmedic.assistant import Assistant
from dbmedic.assistant.files import Incoming
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/audio-to-text", user="form")
TYPES = ("mp3", "m4a", "x-m4a", "mp4", "mpeg", "wav", "x-wav", "wave", "amr", "mpga", "webm")
BYTES = 30 << 20


def parse(asked: Asked) -> Part | None:
    """The recording, if there is one: whether anybody listens is said first."""
    return asked.file


async def run(assistant: Assistant, part: Part | None, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    voice = assistant.voice
    if voice is None or not voice.hears:
        raise Fault(400, "speech_to_text_disabled", "Speech to text is disabled.")
    if part is None or part.field != "file":
        raise Fault(400, "no_audio_uploaded", "Please upload your audio.")
    family, _, kind = part.mime.lower().partition("/")
    if family != "audio" or kind not in TYPES:
        raise Fault(415, "unsupported_audio_type", "Audio type not allowed.")
    assert isinstance(part.sink, Incoming)
    await part.sink.done()
    if part.sink.size > BYTES:
        raise Fault(413, "audio_too_large", "Audio size larger than 30 mb")
    return json_reply({"text": await voice.hear(part.sink.path, part.name or f"audio.{kind}", part.mime)})
