"""Requests to a model, as tests need them."""

from datetime import UTC, datetime
from typing import Any

from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Caller, InstanceCard, Message, Question

QUESTION = Question(text="Is the disk full?", caller=Caller(account="a", user="u", key="k"), api="dify")


def request(**fields: Any) -> ModelRequest:
    """A first question about one instance; any field may be given."""
    given: dict[str, Any] = {
        "question": QUESTION,
        "instances": (InstanceCard(id="db", engine="postgres"),),
        "history": (),
        "events": (),
        "messages": (Message(role="user", text=QUESTION.text),),
        "tools": (),
        "reply": 1,
        "now": datetime(2026, 11, 21, 6, 3, tzinfo=UTC),
    }
    return ModelRequest(**(given | fields))
