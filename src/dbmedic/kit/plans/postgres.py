"""PostgreSQL: `EXPLAIN (FORMAT JSON)` -> a tree.  The text form is turned into the same objects by `postgres_text`."""

from __future__ import annotations

from typing import Any

from dbmedic.kit.plans.tree import MAX_DEPTH, MAX_STEPS, Does, Node, Plan, TooDeep

_DOES: dict[str, Does] = {
    "Seq Scan": "scan", "Sample Scan": "scan", "Foreign Scan": "other", "Index Scan": "lookup",
    "Index Only Scan": "lookup", "Bitmap Heap Scan": "lookup", "Bitmap Index Scan": "lookup", "Tid Scan": "lookup",
    "Nested Loop": "join", "Hash Join": "join", "Merge Join": "join", "Hash": "hash", "Sort": "sort",
    "Incremental Sort": "sort", "Aggregate": "group", "Group": "group", "Unique": "group", "SetOp": "group",
    "WindowAgg": "group", "Limit": "limit", "Materialize": "keep", "Memoize": "keep", "CTE Scan": "other",
    "Append": "append", "Merge Append": "append", "ModifyTable": "change",
}  # fmt: skip
_ROLES = {"Outer": "outer", "Inner": "inner", "SubPlan": "subquery", "InitPlan": "once"}
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")


def plan(value: Any) -> Plan:
    """The plan in a decoded JSON: the list around it, its object, or the node under "Plan".

    Raises `ValueError` for anything else.
    """
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        raise ValueError("no plan of PostgreSQL")
    top = value.get("Plan", value)
    if not isinstance(top, dict) or not isinstance(top.get("Node Type"), str):
        raise ValueError("no plan of PostgreSQL")
    return Plan(
        engine="postgres",
        root=_Reader().node(top, 1.0, 0),
        took_ms=_number(value.get("Execution Time")),
        planning_ms=_number(value.get("Planning Time")),
    )


class _Reader:
    def __init__(self) -> None:
        self.count = 0

    def node(self, raw: dict[str, Any], workers: float, depth: int, planned: float = 0) -> Node:
        """`workers` is how many processes share the work of this part, `planned` how many were to help."""
        self.count += 1
        if self.count > MAX_STEPS or depth > MAX_DEPTH:
            raise TooDeep("the plan is too large")
        kind = str(raw.get("Node Type", ""))
        loops = _number(raw.get("Actual Loops"))
        took, came = _number(raw.get("Actual Total Time")), _number(raw.get("Actual Rows"))
        below = workers
        if kind in ("Gather", "Gather Merge"):
            planned = _number(raw.get("Workers Planned")) or 0.0
            below = 1 + (_number(raw.get("Workers Launched", raw.get("Workers Planned"))) or 0)
        children = tuple(
            self.node(child, below, depth + 1, planned) for child in raw.get("Plans") or () if isinstance(child, dict)
        )
        times = 1.0 if loops is None else loops
        does: Does = _DOES.get(kind, "other")
        if kind in ("Index Scan", "Index Only Scan") and not raw.get("Index Cond") and raw.get("Index Name"):
            does = "walk"
        took = None if took is None else took * times / workers
        expected = _number(raw.get("Plan Rows"))
        removed = sum(_number(raw.get(name)) or 0.0 for name in _REMOVED) * max(1.0, times)
        if raw.get("Parallel Aware") and planned and does in ("scan", "walk", "lookup"):
            # the processes read the table once between them: said as one reader of all of it
            came = None if came is None else came * times
            expected = None if expected is None else expected * (planned + max(0.0, 1 - 0.3 * planned))
            times = 1.0
        disk = _number(raw.get("Disk Usage")) or 0.0
        if raw.get("Sort Space Type") == "Disk":
            disk = max(disk, _number(raw.get("Sort Space Used")) or 0.0)
        return Node(
            name=_name(raw, kind),
            does=does,
            role=_ROLES.get(str(raw.get("Parent Relationship", "")), ""),  # type: ignore[arg-type]
            schema=_text(raw.get("Schema")) or None,
            relation=_text(raw.get("Relation Name")) or None,
            alias=_text(raw.get("Alias")) or None,
            index=_text(raw.get("Index Name")) or None,
            cost=_number(raw.get("Total Cost")),
            width=_number(raw.get("Plan Width")),
            expected=expected,
            came=came,
            reads=expected if came is None else came + removed / max(1.0, times),
            loops=times,
            took_ms=took,
            access=_text(raw.get("Index Cond")),
            filter=_text(raw.get("Filter")),
            join=_text(raw.get("Hash Cond") or raw.get("Merge Cond") or raw.get("Join Filter")),
            keys=tuple(str(key) for key in raw.get("Sort Key") or raw.get("Group Key") or ()),
            removed=removed,
            spilled=disk * 1024,
            batches=_number(raw.get("Hash Batches", raw.get("HashAgg Batches"))) or 1.0,
            read=_number(raw.get("Shared Read Blocks")) or 0.0,
            hit=_number(raw.get("Shared Hit Blocks")) or 0.0,
            pruned=bool(_number(raw.get("Subplans Removed"))),
            children=children,
        )


def _name(raw: dict[str, Any], kind: str) -> str:
    if kind == "ModifyTable":
        return str(raw.get("Operation", kind))
    kept = str(raw.get("Join Type", "Inner"))
    return f"{kind} ({kept.lower()})" if kept != "Inner" and _DOES.get(kind) == "join" else kind


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
