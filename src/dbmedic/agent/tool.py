"""`@tool`: a function with types and a docstring becomes a tool: name, JSON Schema, effect.

A tool is found by its file (`dbmedic.tools.<name>`), told what it may see by a `Context`, says what it measured as
events, and returns compact text for a model.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, get_type_hints

import msgspec
from anyio.lowlevel import checkpoint

from dbmedic.core.errors import BadField
from dbmedic.core.ports import Now, Say, Target
from dbmedic.core.values import InstanceCard, Passage, Question, ToolSpec

Search = Callable[[str, str], Awaitable[list[Passage]]]
"""Query and language -> passages of the knowledge base, best first."""


async def nothing_known(query: str, language: str) -> list[Passage]:  # noqa: ARG001 - the shape of a search
    """A knowledge base with nothing in it."""
    await checkpoint()
    return []


class Context(NamedTuple):
    """What one tool call may see and do."""

    call: str
    question: Question
    instances: tuple[InstanceCard, ...]
    """What the caller may see."""
    target: Callable[[str], Awaitable[Target]]
    """Opens an instance by id; raises `UnknownInstance`."""
    say: Say
    new_measure: Callable[[], str]
    now: Now
    window_s: float = 5.0
    """Distance of two samples that are compared."""
    budget_s: float = 15.0
    """Longest time that the checks of one call may take on the instance."""
    search: Search = nothing_known
    cite: Callable[[str], int] = lambda _: 1
    """Id of a passage -> its number in this turn's citations, from 1."""


class Tool(NamedTuple):
    spec: ToolSpec
    run: Callable[..., Awaitable[str]]
    args: type[msgspec.Struct]

    async def __call__(self, context: Context, args: dict[str, Any]) -> str:
        """Checks the arguments against the schema, then runs.  Raises `BadField` naming the argument."""
        try:
            given = msgspec.convert(args, self.args, strict=False)
        except msgspec.ValidationError as problem:
            raise BadField("arguments", f"{self.spec.name}: {problem}") from None
        return await self.run(context, **msgspec.structs.asdict(given))


def tool(run: Callable[..., Awaitable[str]] | None = None, /, *, writes: bool = False) -> Any:
    """Makes a `Tool` of an async function `(context, **arguments) -> text`; its docstring is what a model reads."""

    def made(run: Callable[..., Awaitable[str]]) -> Tool:
        hints = get_type_hints(run)
        fields: list[Any] = []
        for parameter in list(inspect.signature(run).parameters.values())[1:]:
            kind = hints[parameter.name]
            required = parameter.default is inspect.Parameter.empty
            fields.append((parameter.name, kind) if required else (parameter.name, kind, parameter.default))
        args = msgspec.defstruct(run.__name__, fields, forbid_unknown_fields=True, kw_only=True)
        (_,), parts = msgspec.json.schema_components([args])
        schema: dict[str, Any] = {k: v for k, v in parts[run.__name__].items() if k != "title"}
        spec = ToolSpec(name=run.__name__, description=inspect.getdoc(run) or "", schema=schema, writes=writes)
        return Tool(spec, run, args)

    return made if run is None else made(run)
