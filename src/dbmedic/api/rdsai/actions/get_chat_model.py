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
    cards = [assistant.turns.card(name) for name in models]
    return {
        "Data": [
            {
                "ModelId": card.name,
                "ContextWindow": card.context_window,
                "Default": card.name == models[0],
                "Features": ["text", "vision"] if card.vision else ["text"],
                "ThinkingLevels": list(card.thinking),
            }
            for card in cards
        ]
    }
