"""GetChatModel: the models that a question may name."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.assistant import Assistant

NAME = "GetChatModel"


def parse(_: Fields) -> None:
    return None


def run(assistant: Assistant, _: None, __: Asked) -> Answer:
    models = assistant.turns.models
    return {
        "Data": [
            {
                "ModelId": name,
                "ContextWindow": assistant.turns.context_window(name),
                "Default": name == models[0],
                "Features": ["text"],
                "ThinkingLevels": [],
            }
            for name in models
        ]
    }
