"""What every reader of a plan makes: one tree of steps, whatever server it came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

Does: TypeAlias = Literal[
    "scan", "walk", "lookup", "join", "hash", "sort", "group", "limit", "keep", "append", "change", "filter", "other"
]
"""What a step does: reads a whole table; walks a whole index; looks up in an index; keep: stores rows for later."""

MAX_STEPS = 2000
MAX_DEPTH = 200


class TooDeep(ValueError):
    """A plan with more than `MAX_STEPS` steps, or nested deeper than `MAX_DEPTH`."""


class Node(Struct, frozen=True, kw_only=True):
    """One step.  Rows are those of one loop that leave the step; what a plan does not say is None."""

    name: str
    """As the server calls it."""
    does: Does = "other"
    role: Literal["", "outer", "inner", "subquery", "once"] = ""
    """What it is to the step above; a subquery runs again for each row, `once` is one that does not."""
    schema: str | None = None
    relation: str | None = None
    alias: str | None = None
    index: str | None = None
    cost: float | None = None
    """Up to its last row, with the steps below."""
    width: float | None = None
    """Bytes of a row."""
    expected: float | None = None
    came: float | None = None
    reads: float | None = None
    """Rows that it looks at in one loop, before its filter; as came where it ran, else as expected."""
    loops: float = 1.0
    took_ms: float | None = None
    """All loops, with the steps below, as time on the clock."""
    access: str = ""
    """The condition by which an index is entered."""
    filter: str = ""
    join: str = ""
    """The condition of a join, where the join itself tests it."""
    keys: tuple[str, ...] = ()
    """Of a sort or a group, in order."""
    removed: float = 0.0
    """Rows read and thrown away, in all loops."""
    spilled: float = 0.0
    """Bytes written to disk because memory did not suffice."""
    batches: float = 1.0
    """Parts a hash was cut into; more than one went to disk."""
    read: float = 0.0
    """Blocks that came from outside the server's cache, with the steps below."""
    hit: float = 0.0
    """Blocks found in the cache, with the steps below."""
    pruned: bool = False
    """Partitions were left out."""
    children: tuple[Node, ...] = ()

    @property
    def title(self) -> str:
        """The step with its table, as one would say it."""
        if f" on {self.relation}" in self.name:
            return self.name
        by = f" using {self.index}" if self.index else ""
        return f"{self.name}{by} on {self.relation}" if self.relation else f"{self.name}{by}"

    @property
    def whole_ms(self) -> float:
        """With the steps below; of a step that does not say it, what they say."""
        return sum(child.whole_ms for child in self.children) if self.took_ms is None else self.took_ms

    @property
    def whole_cost(self) -> float:
        return sum(child.whole_cost for child in self.children) if self.cost is None else self.cost

    @property
    def own_ms(self) -> float:
        """Its time without that of the steps below."""
        return max(0.0, self.whole_ms - sum(child.whole_ms for child in self.children))


class Plan(Struct, frozen=True, kw_only=True):
    """A statement's plan."""

    engine: str
    """The family: "postgres", "mysql", "mariadb", "sqlite"."""
    root: Node
    took_ms: float | None = None
    planning_ms: float | None = None

    @property
    def executed(self) -> bool:
        return any(node.came is not None for node, _ in walk(self.root))

    @property
    def cost(self) -> float | None:
        return self.root.cost


def walk(root: Node) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Each step, from the top, with those above it."""
    stack: list[tuple[Node, tuple[Node, ...]]] = [(root, ())]
    while stack:
        node, above = stack.pop()
        yield node, above
        stack.extend((child, (*above, node)) for child in reversed(node.children))


def steps(plan: Plan) -> list[Node]:
    return [node for node, _ in walk(plan.root)]
