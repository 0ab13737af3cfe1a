"""`GET /parameters`: what the app offers, for a front-end to show."""

from __future__ import annotations

from typing import Any

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant, forms
from dbmedic.assistant.files import MOST, SEEN
from dbmedic.assistant.published import Version
from dbmedic.core.ports import Voice
from dbmedic.core.values import Caller
from dbmedic.kit.extract import READABLE

ROUTE = Route("GET", "/parameters")
OPENING = "Ask about a database: why it is slow, how full it is, who blocks whom."
OFF = {"enabled": False}
ON = {"enabled": True}
METHODS = ["remote_url", "local_file"]
LIMITS = {
    "image_file_size_limit": 10,
    "video_file_size_limit": 100,
    "audio_file_size_limit": 50,
    "file_size_limit": 15,
    "workflow_file_upload_limit": MOST,
}
"""Megabytes, and the number of files of one message."""


def parse(_: Asked) -> None:
    """There are no fields."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:
    version = await assistant.published.newest(caller)
    annotated = (await assistant.annotations.setting(caller.app)).enabled
    return json_reply(shown(version, assistant.voice, annotated=annotated))


def greeting(version: Version | None) -> str:
    """What is shown before the first question; None is the built-in agent."""
    return (version.opening if version else "") or OPENING


def shown(version: Version | None, voice: Voice | None, *, annotated: bool) -> dict[str, Any]:
    """What the app's newest version offers; None is the built-in agent."""
    form = forms.whole(version.form if version else ())
    return {
        "opening_statement": greeting(version),
        "suggested_questions": ["Is anything wrong?", "How full is the disk?", "Who blocks whom?"],
        "suggested_questions_after_answer": ON,
        "speech_to_text": ON if voice is not None and voice.hears else OFF,
        "text_to_speech": _speech(voice),
        "retriever_resource": ON,
        "annotation_reply": ON if annotated else OFF,
        "more_like_this": OFF,
        "user_input_form": [{field.type: forms.shown(field)} for field in form],
        "sensitive_word_avoidance": {"enabled": False, "type": "", "configs": []},
        "file_upload": {
            "image": {"enabled": True, "number_limits": 3, "detail": "high", "transfer_methods": METHODS},
            "enabled": True,
            "allowed_file_types": ["custom"],
            "allowed_file_extensions": [f".{extension}" for extension in sorted({*READABLE, *SEEN})],
            "allowed_file_upload_methods": METHODS,
            "number_limits": MOST,
        },
        "system_parameters": LIMITS,
    }


def _speech(voice: Voice | None) -> dict[str, Any]:
    if voice is None or not voice.speaks:
        return OFF
    return {"enabled": True, "voice": voice.speaks, "language": "", "autoPlay": "disabled"}
