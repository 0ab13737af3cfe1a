"""The page of all errors, with what each API answers to them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import TypeAlias

from dbmedic.api import names
from dbmedic.cli.reference.declared import first_line, table
from dbmedic.core import errors

HEAD = """# Errors

One tree, by whose turn it is to act.  Each has a stable code; its sentence names the thing, the limit and the way out.
"""

Answer: TypeAlias = str | int | tuple[int | str | None, ...]
"""How an API's table says an error: a code, a status, or the status and its codes."""


def page() -> str:
    """Markdown."""
    tree = (errors.__doc__ or "").split("\n\n")[1]
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.Failure)]
    tables = {name: answers for name in names() if (answers := _answers(name))}
    rows = [
        (
            f"`{kind.code}`",
            kind.__name__,
            first_line(kind.__doc__),
            *(_answer(answers, kind) for answers in tables.values()),
        )
        for kind in kinds
    ]
    return f"{HEAD}\n```\n{tree}\n```\n\n{table(('code', 'error', 'meaning', *tables), rows)}\n"


def _answers(api: str) -> Mapping[type[errors.Failure], Answer] | None:
    """The error table of an API.  None where it has none."""
    found: Mapping[type[errors.Failure], Answer] | None = getattr(
        import_module(f"dbmedic.api.{api}.wire"), "ERRORS", None
    )
    return found


def _answer(answers: Mapping[type[errors.Failure], Answer], kind: type[errors.Failure]) -> str:
    found = next(answers[one] for one in kind.__mro__ if one in answers)
    if isinstance(found, int):
        return str(found)
    if isinstance(found, str):
        return f"`{found}`"
    status, *codes = found
    return " ".join([str(status), *(f"`{code}`" for code in codes if code is not None)])
