"""MySQL and MariaDB: the tree form, the table form (framed, with tabs, or vertical) -> a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from dbmedic.kit.plans.tree import MAX_DEPTH, MAX_STEPS, Does, Node, Plan, TooDeep

_N = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_COST = re.compile(rf"\(cost={_N}(?:\.\.{_N})? rows={_N}\)")
_ACTUAL = re.compile(rf"\(actual time={_N}\.\.{_N} rows={_N} loops={_N}\)")
_STARTS: tuple[tuple[str, Does], ...] = (
    ("Table scan", "scan"), ("Covering index scan", "walk"), ("Index scan", "walk"), ("Index range scan", "lookup"),
    ("Covering index range scan", "lookup"), ("Index lookup", "lookup"), ("Covering index lookup", "lookup"),
    ("Single-row index lookup", "lookup"), ("Single-row covering index lookup", "lookup"), ("Constant row", "lookup"),
    ("Covering index skip scan", "lookup"), ("Index skip scan", "lookup"), ("Full-text index search", "lookup"),
    ("Multi-range index lookup", "lookup"), ("Nested loop", "join"), ("Inner hash join", "join"),
    ("Left hash join", "join"), ("Hash semijoin", "join"), ("Hash antijoin", "join"), ("Hash", "hash"),
    ("Sort", "sort"), ("Aggregate", "group"), ("Group", "group"), ("Window", "group"), ("Limit", "limit"),
    ("Materialize", "keep"), ("Temporary table", "keep"), ("Stream results", "other"), ("Filter", "filter"),
    ("Append", "append"), ("Union", "append"), ("Update", "change"), ("Delete", "change"), ("Insert", "change"),
)  # fmt: skip
_ON = re.compile(r" on (?P<table>`[^`]+`|[\w$<>.]+)(?: using (?P<index>`[^`]+`|[\w$,.()]+))?")
_SELECT = re.compile(r"^Select #\d+ \(subquery in [^;)]*(?P<dependent>; dependent)?[^)]*\)")
_ACCESS: dict[str, tuple[str, Does]] = {
    "all": ("Table scan", "scan"), "index": ("Index scan", "walk"), "range": ("Index range scan", "lookup"),
}  # fmt: skip


def tree(lines: Sequence[str]) -> Plan | None:
    """`EXPLAIN FORMAT=TREE` or `EXPLAIN ANALYZE` of MySQL; None for anything else.  Raises `TooDeep`."""
    parts: list[tuple[int, Node, list[int]]] = []
    stack: list[tuple[int, int]] = []
    for line in lines:
        text = line.strip("|+").rstrip().removeprefix("EXPLAIN: ")
        at = text.find("-> ")
        if at < 0 or text[:at].strip(" |") or len(text) > 4000:
            continue
        cost, actual = _COST.search(text), _ACTUAL.search(text)
        if "width=" in text or (
            not parts
            and cost is None
            and actual is None
            and not tree_node(text[at + 3 :]).relation
            and not _known(text[at + 3 :])
        ):
            return None
        node = _numbers(tree_node(text[at + 3 :]), cost, actual, text)
        while stack and stack[-1][0] >= at:
            stack.pop()
        if not stack and parts:
            if not _SELECT.match(node.name):
                break
            stack.append((-1, 0))  # a subquery of the select list stands beside the statement it belongs to
        parts.append((at, node, []))
        if stack:
            parts[stack[-1][1]][2].append(len(parts) - 1)
        stack.append((at, len(parts) - 1))
        if len(parts) > MAX_STEPS or len(stack) > MAX_DEPTH:
            raise TooDeep("the plan is too large")
    if not parts:
        return None
    made: dict[int, Node] = {}
    for number in range(len(parts) - 1, -1, -1):
        made[number] = _with(parts[number][1], tuple(made[one] for one in parts[number][2]))
    root = made[0]
    return Plan(engine="mysql", root=root, took_ms=root.took_ms)


def tree_node(text: str) -> Node:
    """A step by its words: `Index lookup on o using customer (customer_id=c.id)`."""
    words = text[
        : min(
            (i for i in (text.find("  (cost="), text.find("  (actual"), text.find(" (never")) if i >= 0),
            default=len(text),
        )
    ].strip()
    does: Does = next((kind for start, kind in _STARTS if words.startswith(start)), "other")
    role: Any = ""
    if found := _SELECT.match(words):
        role = "subquery" if found["dependent"] else "once"
    on = _ON.search(words) if does in ("scan", "walk", "lookup") else None
    condition = words.partition(": ")[2] if does == "filter" else ""
    join = words.partition(" (")[2].rstrip(")") if "hash" in words.lower() and does == "join" else ""
    return Node(
        name=words,
        does=does,
        role=role,
        relation=on["table"].strip("`") if on else None,
        alias=on["table"].strip("`") if on else None,
        index=on["index"].strip("`") if on and on["index"] else None,
        access=words.partition(" (")[2].rstrip(")") if does == "lookup" else "",
        filter=condition,
        join=join,
        keys=tuple(part.strip() for part in words.partition(": ")[2].split(",")) if does == "sort" else (),
    )


def _known(text: str) -> bool:
    return any(text.startswith(start + mark) for start, _ in _STARTS for mark in (":", " ", "\n")) or bool(
        _SELECT.match(text)
    )


def _numbers(node: Node, cost: re.Match[str] | None, actual: re.Match[str] | None, text: str) -> Node:
    from msgspec.structs import replace

    if cost:
        node = replace(node, cost=float(cost[2] or cost[1]), expected=float(cost[3]), reads=float(cost[3]))
    if actual:
        loops = float(actual[4])
        node = replace(
            node, came=float(actual[3]), reads=float(actual[3]), loops=loops, took_ms=float(actual[2]) * loops
        )
    elif "(never executed)" in text:
        node = replace(node, came=0.0, reads=0.0, loops=0.0, took_ms=0.0)
    return node


def _with(node: Node, children: tuple[Node, ...]) -> Node:
    """The step with those below; a filter says of what stands right below it how much it throws away."""
    from msgspec.structs import replace

    below = children[0] if len(children) == 1 else None
    if node.does == "filter" and below is not None and below.came is not None and node.came is not None:
        removed = max(0.0, below.came * below.loops - node.came * node.loops)
        children = (replace(below, filter=node.filter, removed=removed),)
    elif node.does == "filter" and below is not None:
        children = (replace(below, filter=node.filter),)
    elif node.does == "join" and len(children) > 1:
        marked = [replace(one, role=one.role or ("inner" if at else "outer")) for at, one in enumerate(children)]
        children = tuple(marked)
    return replace(node, children=children)


def table(lines: Sequence[str]) -> Plan | None:
    """The table form: one row per table, in the order in which they are read."""
    rows = list(_rows(lines)) or list(_vertical(lines))
    if not rows:
        return None
    nodes = [_table_node(row) for row in rows[:MAX_STEPS]]
    first = rows[0]
    outer = [node for node, row in zip(nodes, rows, strict=False) if row["id"] == first["id"]]
    others = [node for node, row in zip(nodes, rows, strict=False) if row["id"] != first["id"]]
    extra = " ".join(row.get("extra", "") for row in rows)
    engine = (
        "mariadb"
        if any("r_rows" in row for row in rows) or "BNL join" in extra or "Rowid-ordered" in extra
        else "mysql"
    )
    children: tuple[Node, ...] = tuple(outer)
    if len(outer) > 1:
        from msgspec.structs import replace

        marked = [replace(one, role="inner" if at else "outer") for at, one in enumerate(outer)]
        children = (Node(name="Nested loop", does="join", children=tuple(marked)),)
    if "using temporary" in extra.lower():
        children = (Node(name="Temporary table", does="keep", children=children),)
    if "using filesort" in extra.lower():
        children = (Node(name="Filesort", does="sort", children=children),)
    children += tuple(others)
    root = children[0] if len(children) == 1 else Node(name="Query", children=children)
    return Plan(engine=engine, root=root)


def _rows(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    for number, line in enumerate(lines):
        if "select_type" not in line or len(line) > 2000:
            continue
        mark = "|" if "|" in line else "\t"
        titles = [cell.strip().lower() for cell in line.split(mark)]
        if not {"id", "select_type", "table", "type", "rows"} <= set(titles):
            continue
        for other in lines[number + 1 : number + 80]:
            cells = [cell.strip() for cell in other.split(mark)]
            if len(cells) == len(titles) and "select_type" not in cells:
                yield dict(zip(titles, cells, strict=True))
        return


def _vertical(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """The form that `\\G` gives."""
    row: dict[str, str] = {}
    for line in lines[:5000]:
        name, mark, value = line[:400].partition(":")
        if re.match(r"\s*\*+ \d+\. row \*+", line) or (name.strip() == "id" and "id" in row):
            if {"select_type", "table"} <= set(row):
                yield row
            row = {}
        if mark and re.fullmatch(r"\s*\w+", name):
            row[name.strip().lower()] = value.strip()
    if {"id", "select_type", "table", "type", "rows"} <= set(row):
        yield row


def _table_node(row: dict[str, str]) -> Node:
    access, extra = row.get("type", "").lower(), row.get("extra", "")
    name, does = _ACCESS.get(access, (access if access not in ("null", "") else "no table", "lookup"))
    kind = row.get("select_type", "").upper()
    looked, ran = _float(row.get("rows")), _float(row.get("r_rows"))
    part, kept = _float(row.get("filtered")), _float(row.get("r_filtered"))
    came = None if ran is None else ran * (100.0 if kept is None else kept) / 100
    expected = None if looked is None else looked * (100.0 if part is None else part) / 100
    if ran and looked and "Using where" in extra and (part or 100.0) >= 100 and 0.1 < looked / ran < 10:
        expected = None  # without statistics of the column nothing was expected of the condition
    key = row.get("key", "")
    return Node(
        name=name,
        does=does if access not in ("null", "") else "other",
        role="subquery" if kind.startswith("DEPENDENT") else "",
        relation=row.get("table") or None,
        alias=row.get("table") or None,
        index=key if key.upper() not in ("NULL", "") else None,
        expected=expected,
        came=came,
        reads=looked if ran is None else ran,
        removed=0.0 if ran is None or came is None else max(0.0, ran - came),
        filter="where" if "Using where" in extra else "",
        join="" if "join buffer" not in extra else "hash" if "hash join" in extra or "BNLH" in extra else "buffer",
    )


def _float(text: str | None) -> float | None:
    try:
        return float(text.replace(",", "")) if text else None
    except ValueError:
        return None
