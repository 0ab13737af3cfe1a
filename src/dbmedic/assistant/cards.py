"""What may be said of a language model to whoever chooses one."""

from __future__ import annotations

from typing import NamedTuple

from dbmedic.core.ports import Model


class ModelCard(NamedTuple):
    name: str
    context_window: int
    """Tokens it takes; 0 where it is not known."""
    thinking: tuple[str, ...]
    """How much it can be told to think; empty where it cannot."""
    vision: bool
    """Whether it is shown images."""


def card(model: Model) -> ModelCard:
    """What a model says of itself beyond what the port asks of it."""
    return ModelCard(
        model.name,
        int(getattr(model, "context_window", 0)),
        tuple(getattr(model, "thinking", ())),
        bool(getattr(model, "vision", False)),
    )
