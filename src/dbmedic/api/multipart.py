"""`multipart/form-data` as it arrives: text parts kept, the one file part written away piece by piece.

Which parts an operation wants, and what it says to others, is its own matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from dbmedic.core.errors import BadAsk, BadField, TooLarge

TEXT_BYTES: Final = 64 << 10
"""Largest text part."""
PARTS: Final = 50


class TooManyFiles(BadAsk):
    """More than one part is a file."""

    code = "too_many_files"


class Sink(Protocol):
    """Where the bytes of a file go."""

    async def write(self, data: bytes) -> None: ...

    async def drop(self) -> None: ...


class Part(NamedTuple):
    """The file part."""

    field: str
    name: str
    mime: str
    """Without parameters; "" when the part has no type."""
    sink: Sink


class Form(NamedTuple):
    texts: dict[str, str]
    file: Part | None


class _Parts:
    """Turns bytes into steps: "begin", "header" with name and value, "headers", "data" with bytes, "end", "done"."""

    def __init__(self, boundary: bytes) -> None:
        self.steps: list[tuple[str, bytes, bytes]] = []
        self._name, self._value = b"", b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": lambda: self._step("begin"),
                "on_header_field": self._field,
                "on_header_value": self._valued,
                "on_header_end": self._header,
                "on_headers_finished": lambda: self._step("headers"),
                "on_part_data": lambda data, start, end: self._step("data", data[start:end]),
                "on_part_end": lambda: self._step("end"),
                "on_end": lambda: self._step("done"),
            },
        )

    def feed(self, data: bytes) -> list[tuple[str, bytes, bytes]]:
        self._parser.write(data)
        steps, self.steps = self.steps, []
        return steps

    def _step(self, kind: str, one: bytes = b"", two: bytes = b"") -> None:
        self.steps.append((kind, one, two))

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _valued(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._step("header", self._name.lower(), self._value)
        self._name, self._value = b"", b""


async def form(pieces: AsyncIterator[bytes], content_type: str, opened: Callable[[], Awaitable[Sink]]) -> Form:
    """The parts of a body; the file's sink is the caller's to close or drop.

    Raises `BadField("body")` for what is no form, `TooManyFiles`, `TooLarge`, and what the body or the sink raises; the
    sink is dropped then.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 256:
        raise BadField("body", "The body must be multipart/form-data with a boundary.")
    reading = _Reading(opened)
    parts = _Parts(boundary)
    try:
        async for piece in pieces:
            for step in parts.feed(piece):
                await reading.take(*step)
        if not reading.done:
            raise BadField("body", "The body ends before its last part does.")
    except FormParserError as problem:
        await reading.drop()
        raise BadField("body", f"The body is no form: {problem}") from None
    except BaseException:
        await reading.drop()
        raise
    return Form(reading.texts, reading.file)


class _Reading:
    def __init__(self, opened: Callable[[], Awaitable[Sink]]) -> None:
        self._opened = opened
        self.texts: dict[str, str] = {}
        self.file: Part | None = None
        self.done = False
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._text: list[bytes] | None = None
        self._count = self._size = 0

    async def take(self, kind: str, one: bytes, two: bytes) -> None:
        match kind:
            case "begin":
                self._headers, self._text = {}, None
                self._count += 1
                if self._count > PARTS:
                    raise TooLarge("parts of the form", self._count, PARTS)
            case "header":
                self._headers[one] = two
            case "headers":
                await self._begun()
            case "data" if self._text is not None:
                self._size += len(one)
                if self._size > TEXT_BYTES:
                    raise TooLarge("text parts of the form", self._size, TEXT_BYTES)
                self._text.append(one)
            case "data" if self.file is not None:
                await self.file.sink.write(one)
            case "end" if self._text is not None:
                self.texts[self._field] = b"".join(self._text).decode("utf-8", "replace")
            case "done":
                self.done = True

    async def _begun(self) -> None:
        _, options = parse_options_header(_latin(self._headers.get(b"content-disposition", b"")))
        self._field = _utf8(options.get(b"name", b""))
        if b"filename" not in options:
            self._text = []
            return
        if self.file is not None:
            raise TooManyFiles("Only one file is allowed.")
        mime, _ = parse_options_header(_latin(self._headers.get(b"content-type", b"")))
        sink = await self._opened()
        self.file = Part(self._field, _utf8(options[b"filename"]), _utf8(mime), sink)

    async def drop(self) -> None:
        if self.file is not None:
            await asyncio.shield(self.file.sink.drop())


def _latin(raw: bytes) -> str:
    """Header bytes as the parser of header options wants them."""
    return raw.decode("latin-1")


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
