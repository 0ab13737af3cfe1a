"""Tool calls that come in pieces, put together: by index, by id, or whole, as servers of the OpenAI wire send them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.core.values import Call


class Function(Struct, gc=False):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolPiece(Struct):
    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Calls:
    """Tool calls under way, put together from pieces."""

    def __init__(self, reply: int, taken: Collection[str]) -> None:
        self._reply = reply
        self._taken = set(taken)
        self._open: list[_OpenCall] = []

    def add(self, piece: ToolPiece) -> None:
        function = piece.function or Function()
        call = self._of(piece, function)
        if piece.id and not call.id:
            call.id = piece.id
        if function.name and not call.arguments and function.name != call.name:
            call.name += function.name
        if isinstance(function.arguments, dict):
            call.arguments.append(msgspec.json.encode(function.arguments).decode())
        elif function.arguments:
            call.arguments.append(function.arguments)

    def _of(self, piece: ToolPiece, function: Function) -> _OpenCall:
        """The call a piece belongs to: by index, else by id, else a name begins a new one.

        Some servers give every call of a reply the same index; another id with a name tells them apart.
        """
        for call in reversed(self._open):
            if piece.index is not None and call.index != piece.index:
                continue
            if piece.id and call.id and piece.id != call.id and function.name:
                break
            if piece.index is None and not piece.id and function.name and call.name:
                break
            if piece.index is None and piece.id and piece.id != call.id:
                continue
            return call
        call = _OpenCall(piece.index)
        self._open.append(call)
        return call

    def whole(self) -> list[Call]:
        """The calls in the order they were begun, with ids that are unique in the turn."""
        calls: list[Call] = []
        for number, call in enumerate(self._open, 1):
            if not call.name:
                continue
            name = call.id or f"call_{self._reply}_{number}"
            if name in self._taken:
                name = f"{name}_{self._reply}_{number}"
            self._taken.add(name)
            calls.append(Call(name, call.name, arguments("".join(call.arguments))))
        return calls


class _OpenCall:
    __slots__ = ("arguments", "id", "index", "name")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []


def arguments(text: str) -> dict[str, Any]:
    """Arguments as an object.  What is none reaches the tool as `not_json`, so that the model reads why it failed."""
    if not text.strip():
        return {}
    try:
        given = msgspec.json.decode(text)
        if isinstance(given, str):
            given = msgspec.json.decode(given)
    except msgspec.DecodeError:
        return {"not_json": text[:2000]}
    if given is None:
        return {}
    return given if isinstance(given, dict) else {"not_json": text[:2000]}
