"""CreateCustomAgent: a prompt, the tools that are allowed, skills."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import agent, with_dates
from dbmedic.assistant import Assistant
from dbmedic.assistant.agents import NAME_CHARS, PROMPT_CHARS

NAME = "CreateCustomAgent"


class Request(Struct, frozen=True):
    prompt: str
    name: str
    enable_tools: bool
    tools: list[str]
    skills: list[str]


def parse(fields: Fields) -> Request:
    return Request(
        fields.required("SystemPrompt", limit=PROMPT_CHARS),
        fields.text("Name", limit=NAME_CHARS) or "",
        bool(fields.boolean("EnableTools")),
        fields.texts("Tools") or [],
        fields.texts("SkillIds") or [],
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    made = await assistant.agents.create(
        asked.caller.account,
        prompt=request.prompt,
        name=request.name,
        enable_tools=request.enable_tools,
        tools=request.tools,
        skills=request.skills,
    )
    shown = with_dates(agent(made), made)
    del shown["UpdatedAt"]
    return shown
