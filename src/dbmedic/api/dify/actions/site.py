"""`GET /site`: how a web page for the app would present it."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.actions.info import DESCRIPTION
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/site")


def parse(_: Asked) -> None:
    """There are no fields."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:
    app = await assistant.people.app(caller)
    return json_reply(
        {
            "title": app.name,
            "chat_color_theme": None,
            "chat_color_theme_inverted": False,
            "icon_type": "emoji",
            "icon": "\N{STETHOSCOPE}",
            "icon_background": "#E8F1FB",
            "icon_url": None,
            "description": DESCRIPTION,
            "copyright": None,
            "privacy_policy": None,
            "input_placeholder": None,
            "custom_disclaimer": None,
            "default_language": "en-US",
            "show_workflow_steps": True,
            "use_icon_as_answer_icon": False,
        }
    )
