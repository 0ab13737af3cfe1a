"""A language model as the operator describes it: a `[[models]]` table of the settings file, or the settings `model_*`.

Only the description and what follows from it; what speaks to the model is in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from dbmedic.core.errors import BadField

Kind: TypeAlias = Literal["openai", "anthropic", "google", "bedrock", "mistral", "groq", "cohere"]
"""The wire: `openai` is ours and fits every compatible service; the others come with the extra `providers`."""
ThinkingAs: TypeAlias = Literal["auto", "reasoning_effort", "enable_thinking", "chat_template", "none"]
ThoughtBack: TypeAlias = Literal["auto", "reasoning_content", "reasoning", "none"]

OFF: Final = frozenset({"off", "none", "false", "no", "0", "disabled", "non-thinking"})
ON: Final = frozenset({"on", "true", "yes", "1", "auto", "enabled", "thinking"})
EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SWITCHED: Final = ("aliyuncs.com",)
"""Hosts where thinking is switched on and off instead of given a level."""
WANTS_THOUGHTS: Final = ("deepseek.com", "aliyuncs.com", "moonshot.")
"""Hosts that want a thought back between the tool calls it led to."""


class ModelSetting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model that a question may name."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    """How questions, agents and events name it."""
    model: str = ""
    """Its name at the service; empty: `name`."""
    kind: Kind = "openai"
    url: str = ""
    """Base URL; a kind other than `openai` knows its own."""
    key: str = ""
    """`env:NAME` is read from the environment."""
    context_window: Annotated[int, Meta(ge=0)] = 0
    """Tokens it takes; 0: not known, nothing is shortened for it until it complains."""
    answer_tokens: Annotated[int, Meta(ge=0)] = 0
    """Most tokens of one reply; 0: the service's own limit."""
    thinking: tuple[str, ...] = ()
    """Levels of thinking a question may ask for; empty: it is never told how much to think."""
    thinking_as: ThinkingAs = "auto"
    thought_back: ThoughtBack = "auto"
    """Field in which a thought is sent back between tool calls."""
    price: str = ""
    """Of a million prompt and completion tokens: "0.4 1.2 USD"."""
    vision: bool = False
    timeout_s: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    """Longest silence."""
    first_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    """Longest time until it says or thinks something; 0: twice `timeout_s`."""
    fallback: str = ""
    """Name of the model that answers when this one fails; the analyst comes last."""

    def __repr__(self) -> str:
        return f"ModelSetting({self.name!r})"

    @property
    def wire_name(self) -> str:
        return self.model or self.name


def from_environment(models: Sequence[ModelSetting], environ: Mapping[str, str]) -> tuple[ModelSetting, ...]:
    """The same with keys written `env:NAME` read from the environment.  Raises `BadField` for one that is not set."""
    found = []
    for one in models:
        if one.key.startswith("env:"):
            name = one.key.removeprefix("env:")
            if not environ.get(name):
                raise BadField("models", f"models: key of {one.name!r} is read from {name}, which is not set")
            one = msgspec.structs.replace(one, key=environ[name])
        found.append(one)
    return tuple(found)


def checked(models: Sequence[ModelSetting]) -> None:
    """Raises `BadField` for what cannot be: a name twice, a fallback that is not there, no address."""
    names = [one.name for one in models]
    for one in models:
        if names.count(one.name) > 1:
            raise BadField("models", f"models: the name {one.name!r} is given twice")
        if one.name == "analyst":
            raise BadField("models", "models: 'analyst' is dbmedic's own answer without a model; name it differently")
        if one.fallback and (one.fallback not in names or one.fallback == one.name):
            others = ", ".join(name for name in names if name != one.name) or "none"
            raise BadField("models", f"models: fallback {one.fallback!r} of {one.name!r} is none of: {others}")
        if one.kind == "openai" and not one.url.startswith(("http://", "https://")):
            raise BadField("models", f"models: url of {one.name!r} is not an address such as http://127.0.0.1:8000/v1")


def chain(name: str, models: Sequence[ModelSetting]) -> list[str]:
    """Who answers after a model that failed, in order; a circle ends where it closes.  Pure."""
    known = {one.name: one.fallback for one in models}
    found: list[str] = []
    while (name := known.get(name, "")) and name not in found:
        found.append(name)
    return found


def thinking_fields(setting: ModelSetting, asked: str | None) -> dict[str, Any]:
    """What a request carries so that the model thinks as much as was asked; nothing for one that has no levels.  Pure.

    https://platform.openai.com/docs/api-reference/chat/create (reasoning_effort);
    https://help.aliyun.com/zh/model-studio/deep-thinking (enable_thinking, thinking_budget)
    """
    if not asked or not setting.thinking:
        return {}
    level, how = asked.strip().lower(), setting.thinking_as
    if how == "auto":
        how = "enable_thinking" if _host_is(setting.url, SWITCHED) else "reasoning_effort"
    match how:
        case "enable_thinking":
            budget = {"thinking_budget": int(level)} if level.isdecimal() and level not in OFF | ON else {}
            return {"enable_thinking": level not in OFF, **budget}
        case "chat_template":
            return {"chat_template_kwargs": {"enable_thinking": level not in OFF}}
        case "reasoning_effort":
            effort = level_of(level, setting.thinking)
            return {} if effort is None else {"reasoning_effort": effort}
        case _:
            return {}


def level_of(asked: str, levels: Sequence[str]) -> str | None:
    """The level nearest to what was asked: its own name, the lowest for "off", the middle one for "on".  Pure."""
    if asked in levels:
        return asked
    if asked in OFF:
        return next((level for level in levels if level in ("none", "off", "minimal")), levels[0])
    if asked in ON:
        return levels[len(levels) // 2]
    ranked = [level for level in levels if level in EFFORTS]
    if asked not in EFFORTS or not ranked:
        return None
    return min(ranked, key=lambda level: abs(EFFORTS.index(level) - EFFORTS.index(asked)))


def thought_field(setting: ModelSetting) -> str:
    """The field in which this service wants thoughts back; empty where it is not known to.  Pure."""
    if setting.thought_back == "auto":
        return "reasoning_content" if _host_is(setting.url, WANTS_THOUGHTS) else ""
    return "" if setting.thought_back == "none" else setting.thought_back


def _host_is(url: str, parts: Sequence[str]) -> bool:
    host = urlsplit(url).hostname or ""
    return any(part in host for part in parts)
