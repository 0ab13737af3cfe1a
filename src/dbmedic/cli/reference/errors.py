"""The page of all errors, with what each API answers to them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module

from dbmedic.api import names
from dbmedic.cli.reference.declared import first_line, table
from dbmedic.core import errors

HEAD = """# Errors

One tree, by whose turn it is to act.  Each has a stable code; its sentence names the thing, the limit and the way out.
"""


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


def _answers(api: str) -> Mapping[type[errors.Failure], tuple[int, str] | str] | None:
    """The error table of an API: class -> status and code, or code alone.  None where it has none."""
    found: Mapping[type[errors.Failure], tuple[int, str] | str] | None = getattr(
        import_module(f"dbmedic.api.{api}.wire"), "ERRORS", None
    )
    return found


def _answer(answers: Mapping[type[errors.Failure], tuple[int, str] | str], kind: type[errors.Failure]) -> str:
    found = next(answers[one] for one in kind.__mro__ if one in answers)
    return f"`{found}`" if isinstance(found, str) else f"{found[0]} `{found[1]}`"
