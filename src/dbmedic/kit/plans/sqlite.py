"""SQLite: `EXPLAIN QUERY PLAN`, as rows or as the shell prints them -> a tree.  It knows no numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dbmedic.kit.plans.tree import MAX_DEPTH, MAX_STEPS, Does, Node, Plan, TooDeep

_STEP = re.compile(
    r"^(?P<verb>SCAN|SEARCH) (?:TABLE )?(?P<table>\"[^\"]+\"|[\w$]+)(?: AS (?P<alias>[\w$]+))?"
    r"(?: USING (?P<how>AUTOMATIC |)(?P<partial>PARTIAL |)(?:COVERING |)"
    r"(?:INDEX(?: (?P<index>[\w$]+))?|INTEGER PRIMARY KEY|PRIMARY KEY))?"
    r"(?: ?\((?P<terms>.*)\))?"
)
_OTHERS: tuple[tuple[str, Does], ...] = (
    ("USE TEMP B-TREE FOR", "sort"), ("CORRELATED", "other"), ("SCALAR SUBQUERY", "other"), ("LIST SUBQUERY", "other"),
    ("MATERIALIZE", "keep"), ("CO-ROUTINE", "keep"), ("COMPOUND QUERY", "append"), ("MULTI-INDEX OR", "lookup"),
    ("BLOOM FILTER", "filter"), ("LEFT-MOST SUBQUERY", "append"), ("UNION", "append"), ("MERGE", "append"),
)  # fmt: skip


def plan(rows: Sequence[Mapping[str, Any]]) -> Plan:
    """The plan in rows of id, parent and detail.  Raises `ValueError` for anything else."""
    if not rows or len(rows) > MAX_STEPS:
        raise ValueError("no plan of SQLite")
    below: dict[int, list[Mapping[str, Any]]] = {}
    known = {int(row["id"]) for row in rows}
    for row in rows:
        parent = int(row["parent"])
        below.setdefault(parent if parent in known else 0, []).append(row)

    def made(row: Mapping[str, Any], depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise TooDeep("the plan is too large")
        children = tuple(made(one, depth + 1) for one in below.get(int(row["id"]), ()) if one is not row)
        return _node(str(row["detail"]), children)

    found = [made(row, 0) for row in below.get(0, ())]
    if not found:
        raise ValueError("no plan of SQLite")
    return Plan(engine="sqlite", root=found[0] if len(found) == 1 else Node(name="Query", children=_joined(found)))


def text(lines: Sequence[str]) -> Plan | None:
    """What the shell prints; None for anything else."""
    rows: list[dict[str, Any]] = []
    stack: list[tuple[int, int]] = []
    for line in lines:
        old = re.match(r"^(\d+)\|(\d+)\|\d+\|(\S.*)$", line)
        if old:
            rows.append(
                {"id": 1 + len(rows) if int(old[1]) == 0 else int(old[1]), "parent": int(old[2]), "detail": old[3]}
            )
            continue
        found = re.match(r"^((?:[| ] {2})*)[|`]--(\S.*)$", line)
        if not found or not _known(found[2]):
            continue
        depth = len(found[1])
        while stack and stack[-1][0] >= depth:
            stack.pop()
        rows.append({"id": len(rows) + 1, "parent": stack[-1][1] if stack else 0, "detail": found[2]})
        stack.append((depth, len(rows)))
    if not any(_STEP.match(row["detail"]) for row in rows):
        return None
    return plan(rows[:MAX_STEPS])


def _known(detail: str) -> bool:
    return bool(_STEP.match(detail)) or detail.startswith(tuple(start for start, _ in _OTHERS))


def _joined(found: list[Node]) -> tuple[Node, ...]:
    from msgspec.structs import replace

    reads = [node for node in found if node.relation]
    return tuple(
        replace(node, role="inner") if node.relation and node is not reads[0] and not node.role else node
        for node in found
    )


def _node(detail: str, children: tuple[Node, ...]) -> Node:
    step = _STEP.match(detail)
    if step is None:
        other: Does = next((kind for start, kind in _OTHERS if detail.startswith(start)), "other")
        role: Any = "subquery" if detail.startswith("CORRELATED") else "once" if "SUBQUERY" in detail else ""
        return Node(name=detail, does=other, role=role, children=children)
    index, search = step["index"], step["verb"] == "SEARCH"
    does: Does = "lookup" if search else "walk" if index else "scan"
    return Node(
        name=("SEARCH" if search else "SCAN") + (" by a throw-away index" if step["how"] else ""),
        does=does,
        relation=step["table"].strip('"'),
        alias=step["alias"] or step["table"].strip('"'),
        index=None if step["how"] else index,
        access=step["terms"] or "",
        children=children,
    )
