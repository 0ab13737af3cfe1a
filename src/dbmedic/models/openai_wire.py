"""The OpenAI-compatible chat wire, both ways and without a socket: `ModelRequest` -> body, bytes -> pieces.

https://platform.openai.com/docs/api-reference/chat-streaming, and what servers that call themselves compatible make of
it: reasoning under three names, tool calls whole or without ids, errors inside a stream, a whole reply where a stream
was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct

from dbmedic.core.errors import ModelDown
from dbmedic.core.events import Event, Thought, ToolCalled
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Message, Piece, Reasoning, Text, ToolSpec, Usage
from dbmedic.kit.sse import Reader
from dbmedic.models.thinking import Thinking
from dbmedic.models.tool_pieces import Calls, ToolPiece


class Delta(Struct, gc=False):
    content: str | list[Any] | None = None
    reasoning_content: Any = None
    """DeepSeek, Qwen."""
    reasoning: Any = None
    """vLLM, Ollama, OpenRouter."""
    tool_calls: list[ToolPiece] | None = None


class Choice(Struct, gc=False):
    delta: Delta | None = None
    message: Delta | None = None
    """The whole reply of a server that does not stream."""
    finish_reason: str | None = None


class Tokens(Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Chunk(Struct, gc=False):
    choices: list[Choice] | None = None
    usage: Tokens | None = None
    error: Any = None
    message: Any = None
    """The whole error of servers that send no `error`."""


_decode = msgspec.json.Decoder(Chunk, strict=False).decode
_decode_all = msgspec.json.Decoder(list[Chunk], strict=False).decode


UNSEEN = "(The attached images were not read: this model is given no images. Say so in the answer.)"
SETS: Final = 64
"""Sets of tools whose encoded form is remembered; agents differ in theirs."""
_functions: dict[tuple[int, ...], tuple[tuple[ToolSpec, ...], msgspec.Raw]] = {}


def body(
    model: str,
    request: ModelRequest,
    *,
    usage: bool = True,
    vision: bool = False,
    messages: Sequence[Message] | None = None,
    extra: Mapping[str, Any] = {},
    thought_field: str = "",
) -> dict[str, Any]:
    """The request's JSON; `usage` asks for the count of tokens, which some servers refuse to be asked.

    `vision`: the model sees images; another is told that there were some.  `messages` stand instead of the request's.
    `thought_field`: where a thought goes back together with the tool calls it led to; empty: it does not.
    """
    said = [message(m, vision=vision) for m in (request.messages if messages is None else messages)]
    if thought_field:
        _think_back(said, request.events, thought_field)
    asked: dict[str, Any] = {"model": model, "stream": True, "messages": said, **extra}
    if usage:
        asked["stream_options"] = {"include_usage": True}
    if request.tools:
        asked["tools"] = functions(tuple(map(id, request.tools)), request.tools)
    return asked


def _think_back(said: list[dict[str, Any]], events: Sequence[Event], field: str) -> None:
    """Adds the thoughts of this turn to the messages whose calls they led to."""
    thoughts = {event.reply: event.text for event in events if isinstance(event, Thought)}
    if not thoughts:
        return
    replies = {event.call: event.reply for event in events if isinstance(event, ToolCalled)}
    for wire in said:
        for call in wire.get("tool_calls", ())[:1]:
            if thought := thoughts.get(replies.get(call["id"], 0)):
                wire[field] = thought


def message(said: Message, *, vision: bool = False) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": said.role, "content": said.text}
    if said.images and vision:
        shown = [{"type": "image_url", "image_url": {"url": url}} for url in said.images]
        wire["content"] = [{"type": "text", "text": said.text}, *shown]
    elif said.images:
        wire["content"] = f"{said.text}\n\n{UNSEEN}"
    if said.calls:
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.tool, "arguments": msgspec.json.encode(call.args).decode()},
            }
            for call in said.calls
        ]
        wire["content"] = said.text or None
    if said.call is not None:
        wire["tool_call_id"] = said.call
    return wire


def function(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": spec.name, "description": spec.description, "parameters": spec.schema},
    }


def functions(names: tuple[int, ...], specs: tuple[ToolSpec, ...]) -> msgspec.Raw:
    """The tools, encoded once: they are the same objects in every turn; `names` are their ids, which stay theirs."""
    found = _functions.get(names)
    if found is None:
        if len(_functions) >= SETS:
            _functions.clear()
        found = _functions[names] = specs, msgspec.Raw(msgspec.json.encode([function(spec) for spec in specs]))
    return found[1]


def trouble(answer: Any) -> str:
    """What an error body says, on one line: {"error": {"message": …}}, {"message": …}, {"detail": …} or text."""
    while isinstance(answer, dict):
        answer = next((answer[key] for key in ("error", "message", "detail", "code") if answer.get(key)), "")
    return " ".join(str(answer).split())[:500]


class Reading:
    """One reply, fed as it comes.

    Text that arrived in one piece of network is one piece of text: fewer events for everybody behind us, and nothing
    comes later for it.  Raises `ModelDown`; `service` names who broke off.
    """

    def __init__(self, service: str, reply: int = 1, taken: Collection[str] = ()) -> None:
        """`taken`: ids of calls that this turn has seen."""
        self.done = False
        """The server said that no more comes."""
        self._service = service
        self._sse = Reader()
        self._begun = False
        self._json: bytes | None = None
        """A reply in one JSON body, as far as it came."""
        self._thinking = Thinking()
        self._calls = Calls(reply, taken)
        self._usage: Tokens | None = None
        self._finish: str | None = None
        self.thought_field = ""
        """The field in which this service sent thoughts; empty where it sent none, or inside the text."""
        self._said = False
        self._pieces: list[Piece] = []
        self._texts: list[str] = []
        self._thought = False
        """Whether `_texts` were thought."""

    @property
    def finished(self) -> bool:
        """The server said that the reply is a whole one."""
        return self.done or self._finish is not None

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces of text that came with these bytes."""
        if self._json is not None or (not self._begun and data.lstrip()[:1] == b"{"):
            self._json = (self._json or b"") + data
            return []
        self._begun = True
        try:
            events = self._sse.data(data)
        except OverflowError as large:
            raise ModelDown(f"{self._service}: {large}") from None
        self._take(events)
        return self._joined()

    def end(self) -> list[Piece]:
        """What was held back, the calls and the usage.  Raises `ModelDown` when the reply is not a whole one."""
        self._take(self._sse.data(b"\n\n") if self._json is None else [self._json])
        for thought, text in self._thinking.end():
            self._add(thought, text)
        pieces = self._joined()
        if not self.finished:
            raise ModelDown(f"{self._service} broke off in the middle of its reply")
        calls = self._calls.whole()
        if self._finish == "content_filter":
            raise ModelDown(f"{self._service} withheld its reply (content_filter)")
        if not self._said and not calls:
            if self._finish == "length":
                raise ModelDown(f"{self._service} reached its limit of tokens before it said anything")
            raise ModelDown(f"{self._service} answered nothing", will_retry=True)
        if self._finish == "length" and not calls:
            pieces.append(Text(" […]"))
        pieces += calls
        if self._usage is not None:
            used = self._usage
            pieces.append(Usage(prompt_tokens=used.prompt_tokens or 0, completion_tokens=used.completion_tokens or 0))
        return pieces

    def _joined(self) -> list[Piece]:
        """What was taken since the last time, neighbours of one kind joined."""
        if self._texts:
            self._join()
        pieces, self._pieces = self._pieces, []
        return pieces

    def _join(self) -> None:
        text = "".join(self._texts)
        self._texts.clear()
        if not text:
            return
        if self._thought:
            self._pieces.append(Reasoning(text))
        else:
            self._said = self._said or not text.isspace()
            self._pieces.append(Text(text))

    def _add(self, thought: bool, text: str) -> None:
        if thought is not self._thought:
            if self._texts:
                self._join()
            self._thought = thought
        self._texts.append(text)

    def _take(self, events: list[bytes]) -> None:
        """Events that came together."""
        if b"[DONE]" in events:
            self.done = True
            events = events[: events.index(b"[DONE]")]
        plain = self._thinking.over and not self._thought  # then text is nothing but text
        for chunk in self._chunks(events):
            if chunk.error or (chunk.choices is None and chunk.usage is None and chunk.message):
                raise ModelDown(f"{self._service} failed: {trouble(chunk.error or chunk.message)}")
            if chunk.usage is not None:
                self._usage = chunk.usage
            for choice in chunk.choices or ():
                if choice.finish_reason:
                    self._finish = choice.finish_reason
                delta = choice.delta or choice.message
                if delta is None:
                    continue
                said = delta.content
                if plain and type(said) is str and not (delta.reasoning_content or delta.reasoning or delta.tool_calls):
                    self._texts.append(said)
                else:
                    self._take_delta(delta)
                    plain = self._thinking.over and not self._thought

    def _chunks(self, events: list[bytes]) -> list[Chunk]:
        """Decoded together: with pieces as small as tokens, beginning is most of the work."""
        if len(events) > 1:
            with suppress(msgspec.DecodeError):  # which of them is wrong is said below
                if len(chunks := _decode_all(b"[%b]" % b",".join(events))) == len(events):
                    return chunks
        return [self._chunk(event) for event in events]

    def _chunk(self, event: bytes) -> Chunk:
        try:
            return _decode(event)
        except msgspec.DecodeError as problem:
            start = event[:80].decode("utf-8", "replace")
            raise ModelDown(f"{self._service} sent what is no chat completion: {start!r} ({problem})") from None

    def _take_delta(self, delta: Delta) -> None:
        if (thought := delta.reasoning_content or delta.reasoning) and isinstance(thought, str):
            if not self.thought_field:
                self.thought_field = "reasoning_content" if delta.reasoning_content else "reasoning"
            self._add(True, thought)
        if content := delta.content:
            if isinstance(content, str):
                if self._thinking.over:
                    self._add(False, content)
                else:
                    for part in self._thinking.feed(content):
                        self._add(*part)
            else:
                for part in _listed(content):
                    self._add(*part)
        if delta.tool_calls:
            for piece in delta.tool_calls:
                self._calls.add(piece)


def _listed(content: list[Any]) -> Iterator[tuple[bool, str]]:
    """Content as typed parts, as Mistral sends it: {"type": "text", …}, {"type": "thinking", "thinking": [ … ]}."""
    for part in content:
        if not isinstance(part, dict):
            continue
        inner = part.get("thinking")
        if isinstance(inner, list):
            yield from ((True, text) for _, text in _listed(inner))
        elif isinstance(inner, str):
            yield True, inner
        elif isinstance(part.get("text"), str):
            yield False, part["text"]
