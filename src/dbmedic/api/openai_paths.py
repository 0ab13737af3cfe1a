"""Which paths below `/v1` are the OpenAI API's; all others there are Dify's."""

from __future__ import annotations

from typing import Final

from dbmedic.api.http import Head

_WHOLE: Final = ("/v1/chat/completions", "/v1/responses", "/v1/models")
_BELOW: Final = ("/v1/responses/", "/v1/models/")


def openai(head: Head) -> bool:
    """Whether a request is for the OpenAI API."""
    return head.form is None and (head.path in _WHOLE or head.path.startswith(_BELOW))
