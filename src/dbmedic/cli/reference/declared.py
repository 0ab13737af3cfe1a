"""What source files say of themselves: the doc text under a field, and tables made of such texts."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NamedTuple


class Field(NamedTuple):
    """A field of a value, as declared."""

    name: str
    kind: str
    """Its annotation, as written."""
    text: str
    """The docstring under it, or ""."""


def fields(module: ModuleType) -> dict[str, list[Field]]:
    """Class name -> its own fields, in order."""
    found: dict[str, list[Field]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        lines: list[Field] = []
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                lines.append(Field(statement.target.id, ast.unparse(statement.annotation), ""))
            elif lines and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                lines[-1] = lines[-1]._replace(text=" ".join(str(statement.value.value).split()))
        found[node.name] = lines
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def first_line(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.cleandoc(text or "")).split("\n\n")[0].split())
