"""The `Model` port over pydantic-ai's model classes: Anthropic, Google, Bedrock and others whose wire is not OpenAI's.

Needs the extra `providers` and the vendor's package; all of it is imported with the first reply, in a thread.  What a
model thought is not sent back: some wires want it signed.  Retries are the vendor package's own.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import importlib.util
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from dbmedic.core.errors import BadField, ModelDown
from dbmedic.core.events import ToolCalled
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Call, Message, Piece, Reasoning, Text, ToolSpec, Usage
from dbmedic.kit.units import seconds_text
from dbmedic.models.fit import fit
from dbmedic.models.openai_wire import UNSEEN
from dbmedic.models.setting import OFF, ON, ModelSetting, level_of
from dbmedic.models.tool_pieces import arguments

CLASSES: Final = {
    "anthropic": ("anthropic", "AnthropicModel", "AnthropicProvider"),
    "google": ("google", "GoogleModel", "GoogleProvider"),
    "bedrock": ("bedrock", "BedrockConverseModel", "BedrockProvider"),
    "mistral": ("mistral", "MistralModel", "MistralProvider"),
    "groq": ("groq", "GroqModel", "GroqProvider"),
    "cohere": ("cohere", "CohereModel", "CohereProvider"),
}
"""Kind -> module, model class and provider class in pydantic-ai."""


class Provided:
    """A language model behind a vendor's own wire."""

    def __init__(self, setting: ModelSetting) -> None:
        """Raises `BadField` where the extra is not installed."""
        if importlib.util.find_spec("pydantic_ai") is None:
            what = f"kind {setting.kind!r} of {setting.name!r}"
            raise BadField("models", f"models: {what} needs an extra package: pip install 'dbmedic[providers]'")
        self.name = setting.name
        self.vision = setting.vision
        self.context_window = setting.context_window
        self.thinking = setting.thinking
        self._setting = setting
        self._service = f"model {setting.name} ({setting.kind})"
        self._model: Any = None

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """The pieces of one reply.  Raises `ModelDown`."""
        if self._model is None:
            try:
                self._model = await asyncio.to_thread(_open, self._setting)
            except (ImportError, ValueError, RuntimeError) as fault:
                raise ModelDown(f"{self._service} cannot be opened: {self._said(fault)}") from fault
        from pydantic_ai.exceptions import AgentRunError, UserError

        try:
            async for piece in self._pieces(request):
                yield piece
        except (AgentRunError, UserError) as fault:
            raise ModelDown(f"{self._service} failed: {self._said(fault)}") from None
        except OSError as fault:
            raise ModelDown(f"{self._service} could not be reached: {self._said(fault)}") from None

    async def close(self) -> None:
        """Ends what the vendor's client keeps open; may be called twice."""
        model, self._model = self._model, None
        client = getattr(model, "client", None)
        close = getattr(client, "close", None)
        if close is not None and asyncio.iscoroutinefunction(close):
            await close()

    async def _pieces(self, request: ModelRequest) -> AsyncIterator[Piece]:
        from pydantic_ai.models import ModelRequestParameters

        parameters = ModelRequestParameters(function_tools=[_tool(spec) for spec in request.tools])
        said = False
        calls: dict[int, list[str]] = {}
        async with self._model.request_stream(self._messages(request), self._settings(request), parameters) as stream:
            events = aiter(stream)
            while (event := await self._next(events)) is not None:
                for piece in _heard(event, calls):
                    said = said or (isinstance(piece, Text) and not piece.text.isspace())
                    yield piece
        finish, usage = stream.finish_reason, stream.usage
        whole = _calls(calls, request)
        if finish == "content_filter":
            raise ModelDown(f"{self._service} withheld its reply (content_filter)")
        if not said and not whole:
            raise ModelDown(f"{self._service} answered nothing")
        if finish == "length" and not whole:
            yield Text(" […]")
        for call in whole:
            yield call
        yield Usage(prompt_tokens=usage.input_tokens, completion_tokens=usage.output_tokens)

    async def _next(self, events: AsyncIterator[Any]) -> Any:
        try:
            async with asyncio.timeout(self._setting.timeout_s):
                return await anext(events, None)
        except TimeoutError:
            raise ModelDown(f"{self._service} said nothing for {seconds_text(self._setting.timeout_s)}") from None

    def _messages(self, request: ModelRequest) -> list[Any]:
        messages: Sequence[Message] = request.messages
        if self.context_window:
            messages = fit(messages, request.tools, self.context_window)
        return transcript(messages, vision=self.vision)

    def _settings(self, request: ModelRequest) -> Any:
        settings: dict[str, Any] = {"timeout": self._setting.timeout_s}
        if self._setting.answer_tokens:
            settings["max_tokens"] = self._setting.answer_tokens
        asked = request.question.thinking or (request.agent.thinking if request.agent is not None else "")
        # Between tool calls a wire may want the signed thought back, which is not kept: it thinks once, at first.
        if asked and self._setting.thinking and request.reply == 1:
            level = level_of(asked.lower(), self._setting.thinking)
            if asked.lower() in OFF or level is not None:
                settings["thinking"] = False if asked.lower() in OFF else True if level in ON else level
        return settings

    def _said(self, fault: Exception) -> str:
        text = " ".join(str(fault).split())[:500] or type(fault).__name__
        return text.replace(self._setting.key, "…") if self._setting.key else text


def transcript(messages: Sequence[Message], *, vision: bool = False) -> list[Any]:
    """The same transcript in pydantic-ai's messages; neighbours of one side are one message."""
    from pydantic_ai.messages import (
        BinaryContent,
        ModelMessage,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserContent,
        UserPromptPart,
    )
    from pydantic_ai.messages import ModelRequest as Request

    found: list[ModelMessage] = []
    tools: dict[str, str] = {}
    for one in messages:
        if one.role == "assistant":
            tools |= {call.id: call.tool for call in one.calls}
            asked = [ToolCallPart(call.tool, call.args, call.id) for call in one.calls]
            found.append(ModelResponse([*([TextPart(one.text)] if one.text else []), *asked]))
            continue
        part: Any
        if one.role == "system":
            part = SystemPromptPart(one.text)
        elif one.role == "tool":
            part = ToolReturnPart(tools.get(one.call or "", "tool"), one.text, one.call or "")
        elif one.images and vision:
            shown: list[UserContent] = [one.text]
            for url in one.images:
                kind, _, data = url.removeprefix("data:").partition(";base64,")
                shown.append(BinaryContent(base64.b64decode(data), media_type=kind))
            part = UserPromptPart(shown)
        else:
            part = UserPromptPart(f"{one.text}\n\n{UNSEEN}" if one.images else one.text)
        if found and isinstance(found[-1], Request):
            found[-1] = Request([*found[-1].parts, part])
        else:
            found.append(Request([part]))
    return found


def _open(setting: ModelSetting) -> Any:
    """The vendor's model.  Slow for the first time: call it in a thread."""
    module, model, provider = CLASSES[setting.kind]
    made = getattr(importlib.import_module(f"pydantic_ai.providers.{module}"), provider)
    given = {"api_key": setting.key, "base_url": setting.url}
    opened = made(**{name: value for name, value in given.items() if value})
    return getattr(importlib.import_module(f"pydantic_ai.models.{module}"), model)(setting.wire_name, provider=opened)


def _tool(spec: ToolSpec) -> Any:
    from pydantic_ai.tools import ToolDefinition

    return ToolDefinition(name=spec.name, description=spec.description, parameters_json_schema=spec.schema)


def _heard(event: Any, calls: dict[int, list[str]]) -> list[Piece]:
    """What an event of the stream says; tool calls gather in `calls` as id, name and arguments.

    Events are told apart by their own tags, and unknown ones passed over: minor releases add new ones.
    """
    part: Any = getattr(event, "part" if event.event_kind == "part_start" else "delta", None)
    kind = getattr(part, "part_kind", None) or getattr(part, "part_delta_kind", "")
    match kind:
        case "text":
            text = getattr(part, "content", None) or getattr(part, "content_delta", None)
            return [Text(text)] if text else []
        case "thinking":
            text = getattr(part, "content", None) or getattr(part, "content_delta", None)
            return [Reasoning(text)] if text else []
        case "tool-call":
            given = part.args
            calls[event.index] = [part.tool_call_id, part.tool_name, ""]
            if isinstance(given, str):
                calls[event.index][2] = given
            elif given:
                calls[event.index][2] = part.args_as_json_str()
        case "tool_call":
            one = calls.setdefault(event.index, ["", "", ""])
            one[0] = part.tool_call_id or one[0]
            one[1] += part.tool_name_delta or ""
            one[2] += part.args_delta if isinstance(part.args_delta, str) else ""
        case _:
            pass
    return []


def _calls(calls: dict[int, list[str]], request: ModelRequest) -> list[Call]:
    taken = {event.call for event in request.events if isinstance(event, ToolCalled)}
    found = []
    for number, (id, name, args) in enumerate(calls.values(), 1):
        fresh = id if id and id not in taken else f"{id or 'call'}_{request.reply}_{number}"
        taken.add(fresh)
        found.append(Call(fresh, name, arguments(args)))
    return found
