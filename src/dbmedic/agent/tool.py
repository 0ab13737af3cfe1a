"""`@tool`: a function with types and a docstring becomes a tool: name, JSON Schema, effect.

A tool is found by its file (`dbmedic.tools.<name>`), told what it may see by a `Context`, says what it measured as
events, and returns compact text for a model.  One that changes something first proposes exactly what it would do; it
runs only once that was granted, with the grant in its context.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, get_type_hints, overload

import msgspec
from anyio.lowlevel import checkpoint

from dbmedic.core.errors import BadField, Bug, NotFound
from dbmedic.core.events import ApprovalRequested
from dbmedic.core.ports import Now, Say, Target, Writer
from dbmedic.core.values import InstanceCard, Passage, Proposal, Question, ToolSpec

Search = Callable[[str, str], Awaitable[list[Passage]]]
"""Query and language -> passages of the knowledge base, best first."""


async def nothing_known(query: str, language: str) -> list[Passage]:  # noqa: ARG001 - the shape of a search
    """A knowledge base with nothing in it."""
    await checkpoint()
    return []


def no_playbook(name: str) -> str:
    """Where no procedures are written down."""
    raise NotFound("playbook", name)


async def no_writer(instance: str, database: str) -> Writer:  # noqa: ARG001 - the shape of an opener
    """Where nothing can be written."""
    await checkpoint()
    raise Bug(f"no writer for {instance}")


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
    playbook: Callable[[str], str] = no_playbook
    """Name of a procedure -> its steps and text; raises `NotFound("playbook")`."""
    approved: ApprovalRequested | None = None
    """What was granted for this call; None for a tool that reads, and while a change is only proposed."""
    writer: Callable[[str, str], Awaitable[Writer]] = no_writer
    """Opens the write account of an instance by id, for a database of it.  Only `tools/change.py` calls it."""


class Tool(NamedTuple):
    spec: ToolSpec
    run: Callable[..., Awaitable[str]]
    args: type[msgspec.Struct]
    proposes: Callable[..., Awaitable[Proposal]] | None = None
    """Of a tool that changes something: the same arguments -> what it would do."""

    async def __call__(self, context: Context, args: dict[str, Any]) -> str:
        """Checks the arguments against the schema, then runs.  Raises `BadField` naming the argument."""
        return await self.run(context, **self._given(args))

    async def proposal(self, context: Context, args: dict[str, Any]) -> Proposal:
        """What the call would do; reads only.  Raises `BadField` naming the argument."""
        if self.proposes is None:
            raise Bug(f"{self.spec.name} changes something and cannot say what")
        return await self.proposes(context, **self._given(args))

    def _given(self, args: dict[str, Any]) -> dict[str, Any]:
        try:
            return msgspec.structs.asdict(msgspec.convert(args, self.args, strict=False))
        except msgspec.ValidationError as problem:
            raise BadField("arguments", f"{self.spec.name}: {problem}") from None


@overload
def tool(run: Callable[..., Awaitable[str]], /) -> Tool: ...
@overload
def tool(*, proposes: Callable[..., Awaitable[Proposal]]) -> Callable[[Callable[..., Awaitable[str]]], Tool]: ...
def tool(
    run: Callable[..., Awaitable[str]] | None = None, /, *, proposes: Callable[..., Awaitable[Proposal]] | None = None
) -> Tool | Callable[[Callable[..., Awaitable[str]]], Tool]:
    """Makes a `Tool` of an async function `(context, **arguments) -> text`; its docstring is what a model reads.

    `proposes` makes it one that changes something: a function of the same arguments that says what it would do.
    """

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
        words, writes = inspect.getdoc(run) or "", proposes is not None
        spec = ToolSpec(name=run.__name__, description=words, schema=schema, writes=writes)
        return Tool(spec, run, args, proposes)

    return made if run is None else made(run)
