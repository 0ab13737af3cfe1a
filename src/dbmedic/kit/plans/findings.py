"""A plan -> what is wrong with it: the step that costs, and what a reader of plans would point at.  Pure.

Every number in a finding stands in the plan or follows from two of its numbers.  Words are chosen elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from dbmedic.kit.plans.conditions import defeats
from dbmedic.kit.plans.tree import Node, Plan, walk

Kind: TypeAlias = Literal[
    "costs", "misestimate", "spill", "scan", "defeated", "late_filter", "join_scan", "loops", "subquery", "not_in",
    "no_prune", "wide", "sort", "automatic",
]  # fmt: skip

LEAST_ROWS = 1000
"""Rows from which reading a table whole is worth a word."""
MISJUDGED = 10.0
"""A step whose rows were off by this factor is named."""
MANY_PROBES = 1_000_000
"""Rows of the inner side that a join looks at altogether."""
MANY_LOOPS = 1000
KEPT = 0.05
"""Share of its rows that a filter keeps, up to which an index would be the better way."""
PARTITIONS = 10
SORTED = 10_000
WIDE = 1000.0
"""Bytes of a row from which it is wide."""
_NOT_IN = re.compile(
    r"NOT \((?:hashed )?(?:ANY )?\(?(?:hashed )?SubPlan|!<in_optimizer>|not in \(|<not>", re.IGNORECASE
)


class Finding(Struct, frozen=True, kw_only=True):
    """One thing about one step."""

    kind: Kind
    node: Node
    share: float | None = None
    """Of the whole plan's time, or of its cost where it was not executed."""
    numbers: dict[str, float] = {}
    text: str = ""
    """The condition, expression or column that it is about."""
    why: str = ""
    """For "defeated": how; see `conditions.Why`."""


def findings(plan: Plan, rows: Mapping[str, float] | None = None) -> list[Finding]:
    """What is found, the step that costs most first, then by what it costs.

    `rows` gives sizes of tables by name: a plan that was not executed says only how many rows remain.
    """
    dialect = plan.engine if plan.engine in ("postgres", "sqlite") else "mysql"
    whole = _whole(plan)
    found: list[Finding] = []
    flagged: set[int] = set()
    for node, above in reversed(list(walk(plan.root))):
        for one in _of(node, above, rows or {}, dialect):
            if one.kind == "misestimate":
                if any(id(below) in flagged for below, _ in walk(node)):
                    continue
                flagged.add(id(node))
            found.append(_shared(one, plan, whole))
    found.sort(key=lambda one: -(one.share or 0.0))
    return [*_costs(plan, whole), *found]


def effort(plan: Plan) -> tuple[float, Literal["cost", "rows"]] | None:
    """What a statement is expected to take, to compare two wordings: the planner's cost, else rows looked at."""
    if plan.cost is not None:
        return plan.cost, "cost"
    total, times = 0.0, 1.0
    for node, above in walk(plan.root):
        if node.relation and node.reads is not None:
            again = _times(node, above[-1]) if above and node.role == "subquery" else 1.0
            total += node.reads * again * (times if node.role == "inner" else 1.0)
            times = times * max(1.0, node.expected or 1.0) if node.role in ("outer", "inner") else times
    return (total, "rows") if total else None


def _whole(plan: Plan) -> float | None:
    if plan.executed:
        return plan.took_ms or plan.root.took_ms
    return plan.root.cost


def _shared(one: Finding, plan: Plan, whole: float | None) -> Finding:
    from msgspec.structs import replace

    node = one.node
    amount = node.took_ms if plan.executed else node.cost
    if not whole or amount is None:
        return one
    return replace(one, share=min(1.0, amount / whole))


def _costs(plan: Plan, whole: float | None) -> Iterator[Finding]:
    if not whole:
        return
    own = {id(node): node.own_ms for node, _ in walk(plan.root)} if plan.executed else _efforts(plan.root)
    worst = max((node for node, _ in walk(plan.root)), key=lambda node: own[id(node)])
    most = own[id(worst)]
    yield Finding(kind="costs", node=worst, share=min(1.0, most / whole), numbers={"own": most, "whole": whole})


def _efforts(root: Node) -> dict[int, float]:
    """What each step alone is expected to cost in all its loops: a plan gives the cost of one loop of an inner side."""
    whole: dict[int, float] = {}
    for node, above in walk(root):
        times = whole.get(-id(above[-1]), 1.0) if above else 1.0
        if above and node.role == "subquery":
            times *= _times(node, above[-1])
        elif above and node.role == "inner" and above[-1].name.startswith(("Nested Loop", "Nested loop ")):
            outer = above[-1].children[0]
            times *= max(1.0, outer.expected or 1.0)
        whole[-id(node)] = times
        whole[id(node)] = node.whole_cost * times
    own = {}
    for node, _ in walk(root):
        own[id(node)] = max(0.0, whole[id(node)] - sum(whole[id(child)] for child in node.children))
    return own


def _of(node: Node, above: tuple[Node, ...], rows: Mapping[str, float], dialect: str) -> Iterator[Finding]:
    if node.loops == 0:
        return
    if dialect == "sqlite":
        if node.does == "scan":
            yield Finding(kind="scan", node=node)
        elif "throw-away" in node.name:
            yield Finding(kind="automatic", node=node)
        elif node.name.startswith("USE TEMP B-TREE"):
            yield Finding(kind="sort", node=node)
        return
    ran = node.came is not None
    yield from _misestimate(node, above)
    if node.spilled or (node.batches > 1 and node.does in ("hash", "group")):
        yield Finding(kind="spill", node=node, numbers={"bytes": node.spilled, "batches": node.batches})
    size = rows.get(node.relation or "", 0.0)
    looked = (node.reads or 0.0) if ran or node.removed else max(node.reads or 0.0, size)
    came = (node.came if ran else node.expected) or 0.0
    inner = node.role == "inner" and node.does == "scan"
    if node.does in ("scan", "walk") and looked >= LEAST_ROWS and not inner:
        yield Finding(kind="scan", node=node, numbers={"rows": looked, "removed": node.removed, "kept": came})
    if (
        node.does == "lookup"
        and ran
        and node.removed >= 10 * LEAST_ROWS
        and node.removed >= 10 * max(1, came * node.loops)
    ):
        yield Finding(kind="late_filter", node=node, text=node.filter, numbers={"removed": node.removed, "kept": came})
    if node.filter and node.does in ("scan", "walk") and (looked >= LEAST_ROWS or not (ran or size)):
        for one in defeats(node.filter, node.alias, dialect):
            if one.why == "negation" or (one.cast in ("text", "varchar") and one.expression.count("(") == 1):
                continue
            yield Finding(kind="defeated", node=node, text=one.expression, why=one.why, numbers={"rows": looked})
    if node.filter and _NOT_IN.search(node.filter):
        yield Finding(kind="not_in", node=node, text=node.filter)
    yield from _repeated(node, above, ran, looked, rows)
    yield from _shape(node, ran, came)


def _misestimate(node: Node, above: tuple[Node, ...]) -> Iterator[Finding]:
    """Rows that came against rows expected; not where a limit stopped the step, nor for parts of a bitmap."""
    expected, came = node.expected, node.came
    if expected is None or came is None or (node.name.startswith("Bitmap ") and node.does == "other"):
        return
    if came < expected and any(one.does == "limit" for one in above):
        return
    if node.name in ("BitmapAnd", "BitmapOr", "Hash", "Memoize", "Materialize") or node.does == "change":
        return
    off = max(expected, came) / max(1.0, min(expected, came))
    if off >= MISJUDGED and max(expected, came) * node.loops >= LEAST_ROWS:
        yield Finding(kind="misestimate", node=node, numbers={"expected": expected, "came": came, "loops": node.loops})


def _repeated(
    node: Node, above: tuple[Node, ...], ran: bool, looked: float, rows: Mapping[str, float]
) -> Iterator[Finding]:
    """Steps that run again and again: inner sides without an index, correlated subqueries, very many lookups."""
    parent = above[-1] if above else None
    if node.role == "inner" and parent is not None:
        yield from _inner(node, parent, ran, rows)
    elif any(one.role == "subquery" for one in (*above, node)):
        pass
    elif node.does in ("scan", "walk") and node.loops >= 10 and node.loops * looked >= MANY_PROBES:
        numbers = {"loops": node.loops, "rows": looked, "probes": node.loops * looked}
        yield Finding(kind="loops", node=node, numbers=numbers)
    if node.does == "lookup" and node.loops >= 100 * MANY_LOOPS:
        numbers = {"loops": node.loops, "rows": looked, "probes": node.loops * max(1.0, looked)}
        yield Finding(kind="loops", node=node, numbers=numbers)
    if node.role == "subquery":
        times = node.loops if ran else _times(node, parent)
        reads = [one for one, _ in walk(node) if one.does in ("scan", "walk")]
        if times >= MANY_LOOPS or (times >= 10 and reads):
            target = reads[0] if reads else node
            yield Finding(kind="subquery", node=target, numbers={"loops": times, "rows": target.reads or 0.0})


def _times(node: Node, parent: Node | None) -> float:
    """How often a subquery is expected to run: once for each row of what it stands in."""
    if parent is None:
        return 1.0
    before = [one for one in parent.children[: parent.children.index(node)] if not one.role]
    counts = [parent.expected or parent.reads, *(one.expected or one.reads for one in before)]
    return max([1.0, *(count for count in counts if count)])


def _inner(node: Node, parent: Node, ran: bool, rows: Mapping[str, float]) -> Iterator[Finding]:
    """A table without an index for the join, read once for each row before it."""
    if "hash" in parent.name.lower() or parent.name.startswith("Merge") or node.join == "hash":
        return
    buffered = node.name in ("Join buffer", "Materialize")
    scan = next((one for one, _ in walk(node) if one.does == "scan"), None) if buffered else node
    if scan is None or scan.does != "scan":
        return
    times = node.loops
    if not ran and node.loops <= 1:
        for one in parent.children[: parent.children.index(node)]:
            last = next((below for below, _ in walk(one) if below.relation), one)
            times *= max(1.0, one.came or one.expected or one.reads or last.expected or 1.0)
    size = max(scan.reads or 0.0, rows.get(scan.relation or "", 0.0))
    if times > 1 and times * size >= MANY_PROBES:
        condition = node.join or parent.join
        numbers = {"loops": times, "rows": size, "probes": times * size}
        yield Finding(kind="join_scan", node=scan, text=condition, numbers=numbers)


def _shape(node: Node, ran: bool, came: float) -> Iterator[Finding]:
    if node.does == "append" and len(node.children) > PARTITIONS and not node.pruned:
        parts = [one for one in node.children if one.relation and one.filter]
        if len(parts) > PARTITIONS:
            yield Finding(kind="no_prune", node=node, text=parts[0].filter, numbers={"parts": float(len(parts))})
    if node.width is not None and node.width >= WIDE and came >= SORTED and node.does in ("sort", "hash", "scan"):
        yield Finding(kind="wide", node=node, numbers={"width": node.width, "rows": came})
    if node.name in ("Filesort", "Temporary table"):
        below = max((one.reads or 0.0 for one, _ in walk(node) if one.relation), default=0.0)
        if below >= SORTED:
            yield Finding(kind="sort", node=node, numbers={"rows": (node.came if ran and node.came else below)})
