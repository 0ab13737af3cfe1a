"""UpdateCustomAgent: publishes a new version; what is absent stays, `[]` empties a list."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import agent
from dbmedic.assistant import Assistant
from dbmedic.assistant.agents import NAME_CHARS, PROMPT_CHARS

NAME = "UpdateCustomAgent"


class Request(Struct, frozen=True):
    id: str
    prompt: str | None
    name: str | None
    enable_tools: bool | None
    tools: list[str] | None
    skills: list[str] | None


def parse(fields: Fields) -> Request:
    return Request(
        fields.required("CustomAgentId"),
        fields.text("SystemPrompt", limit=PROMPT_CHARS),
        fields.text("Name", limit=NAME_CHARS),
        fields.boolean("EnableTools"),
        fields.texts("Tools"),
        fields.texts("SkillIds"),
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    changed = await assistant.agents.update(
        request.id,
        asked.caller.account,
        prompt=request.prompt,
        name=request.name,
        enable_tools=request.enable_tools,
        tools=request.tools,
        skills=request.skills,
    )
    # The vendor's model has this one field as text here, and as a boolean everywhere else.
    return agent(changed) | {"EnableTools": "true" if changed.enable_tools else "false"}
