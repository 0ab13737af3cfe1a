"""Agents and skills as RDS AI shows them.  Pure."""

from __future__ import annotations

from typing import Any

from dbmedic.api.rdsai.wire import date
from dbmedic.assistant.agents import CustomAgent
from dbmedic.assistant.skills import Skill

LANGUAGES = ("zh-CN", "zh-TW", "en-US", "ja-JP")
"""In which built-in skills may be asked for."""


def agent(one: CustomAgent) -> dict[str, Any]:
    """An agent with its skills, without dates."""
    return {
        "Id": one.id,
        "Name": one.name,
        "SystemPrompt": one.prompt,
        "EnableTools": one.enable_tools,
        "Tools": list(one.tools),
        "Skills": [
            {"Id": each.id, "Name": each.name, "Description": each.description, "SkillType": each.type}
            for each in one.skills
        ],
    }


def with_dates(shown: dict[str, Any], one: CustomAgent) -> dict[str, Any]:
    return shown | {"CreatedAt": date(one.created_at), "UpdatedAt": date(one.updated_at)}


def skill(one: Skill) -> dict[str, Any]:
    return {
        "Id": one.id,
        "Name": one.name,
        "Description": one.description,
        "Dbtypes": list(one.dbtypes),
        "Content": one.content,
        "SkillType": one.type,
        "CreatedAt": date(one.created_at),
        "UpdatedAt": date(one.updated_at),
    }
