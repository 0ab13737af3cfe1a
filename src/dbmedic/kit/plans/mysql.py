"""MySQL and MariaDB: `EXPLAIN FORMAT=JSON`, `ANALYZE FORMAT=JSON` and MySQL's second JSON version -> a tree.

MariaDB writes `r_…` beside each estimate once a statement ran.  Its tables say how many rows they look at, and which
part their condition keeps; both servers nest sorts and temporary tables around what they work on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbmedic.kit.plans.mysql_text import tree_node
from dbmedic.kit.plans.tree import MAX_DEPTH, MAX_STEPS, Does, Node, Plan, TooDeep

ACCESS: dict[str, Does] = {
    "all": "scan", "index": "walk", "range": "lookup", "ref": "lookup", "eq_ref": "lookup", "const": "lookup",
    "system": "lookup", "ref_or_null": "lookup", "index_merge": "lookup", "fulltext": "lookup",
    "unique_subquery": "lookup", "index_subquery": "lookup",
}  # fmt: skip
_WRAPPERS: dict[str, tuple[str, Does]] = {
    "filesort": ("Filesort", "sort"), "read_sorted_file": ("", "other"), "temporary_table": ("Temporary table", "keep"),
    "materialization": ("Materialize", "keep"), "materialized": ("Materialize", "keep"),
    "block-nl-join": ("Join buffer", "join"), "duplicates_removal": ("Remove duplicates", "group"),
    "windowing": ("Window", "group"), "buffer_result": ("Buffer result", "keep"), "union_result": ("Union", "append"),
    "expression_cache": ("", "other"), "having_condition": ("", "other"),
    "range-checked-for-each-record": ("", "other"),
    "query_block": ("", "other"), "query_specifications": ("", "other"), "rowid_filter": ("", "other"),
    "insert_from": ("", "other"), "unary": ("", "other"), "recursive_union": ("Recursive union", "append"),
}  # fmt: skip
_SUBQUERIES = (
    "subqueries", "attached_subqueries", "select_list_subqueries", "having_subqueries", "order_by_subqueries",
    "group_by_subqueries", "optimized_away_subqueries", "update_value_subqueries",
)  # fmt: skip


def plan(value: Any) -> Plan:
    """The plan in a decoded JSON.  Raises `ValueError` for anything else."""
    if not isinstance(value, dict):
        raise ValueError("no plan of MySQL")
    block = value.get("query_block")
    if isinstance(block, dict):
        reader = _Reader(analyzed='"r_' in str(value).replace("'", '"'))
        found = list(reader.parts(block, 0))
        took = _number(block.get("r_total_time_ms"))
        cost = _cost(block.get("cost_info"), "query_cost") or _number(block.get("cost"))
        root = found[0] if len(found) == 1 else Node(name="Query", does="other", children=tuple(found))
        if not found:
            raise ValueError("no plan of MySQL")
        if cost is not None or took is not None:
            root = _replace(root, cost=cost if root.cost is None else root.cost, took_ms=took or root.took_ms)
        return Plan(engine=_family(value), root=root, took_ms=took)
    if isinstance(value.get("query_plan"), dict) or isinstance(value.get("operation"), str):
        top = value.get("query_plan", value)
        return Plan(engine="mysql", root=_second(top, 0))
    raise ValueError("no plan of MySQL")


def _family(value: dict[str, Any]) -> str:
    text = str(value)
    return (
        "mysql"
        if any(word in text for word in ("'rows_examined_per_scan'", "'cost_info'", "using_filesort"))
        else "mariadb"
    )


class _Reader:
    def __init__(self, *, analyzed: bool) -> None:
        self.analyzed = analyzed
        self.count = 0

    def parts(self, value: Any, depth: int) -> Iterator[Node]:
        """The steps directly inside an object."""
        if depth > MAX_DEPTH:
            raise TooDeep("the plan is too large")
        if isinstance(value, list):
            for one in value:
                yield from self.parts(one, depth + 1)
        if not isinstance(value, dict):
            return
        for name, inner in value.items():
            if name == "table" and isinstance(inner, dict):
                yield self.table(inner, depth + 1)
            elif name == "nested_loop" and isinstance(inner, list):
                yield from self.nested(inner, depth + 1)
            elif name in ("ordering_operation", "grouping_operation") and isinstance(inner, dict):
                yield from self.operation(inner, depth + 1)
            elif name in _SUBQUERIES:
                role = "once" if name == "optimized_away_subqueries" else "subquery"
                yield from (_replace(one, role=_role(inner, role)) for one in self.parts(inner, depth + 1))
            elif name in _WRAPPERS and isinstance(inner, dict | list):
                yield from self.wrapper(name, inner, depth + 1)

    def nested(self, parts: list[Any], depth: int) -> Iterator[Node]:
        found = list(self.parts(parts, depth))
        if len(found) < 2:
            yield from found
            return
        marked = (_replace(one, role="outer" if at == 0 else "inner") for at, one in enumerate(found))
        yield Node(name="Nested loop", does="join", children=tuple(marked))

    def operation(self, inner: dict[str, Any], depth: int) -> Iterator[Node]:
        found = tuple(self.parts(inner, depth))
        if inner.get("using_temporary_table"):
            found = (Node(name="Temporary table", does="keep", children=found),)
        if inner.get("using_filesort"):
            found = (Node(name="Filesort", does="sort", children=found),)
        yield from found

    def wrapper(self, name: str, inner: Any, depth: int) -> Iterator[Node]:
        said, does = _WRAPPERS[name]
        found = tuple(self.parts(inner, depth))
        if not said:
            yield from found
            return
        of = inner if isinstance(inner, dict) else {}
        keys = of.get("sort_key")
        loops = _number(of.get("r_loops"))
        yield Node(
            name=said,
            does=does,
            children=found,
            keys=tuple(part.strip() for part in str(keys).split(",")) if keys else (),
            came=_number(of.get("r_output_rows")),
            loops=1.0 if loops is None else loops,
            took_ms=_number(of.get("r_total_time_ms")),
            join=str(of.get("attached_condition") or "") if of.get("join_type") != "BNLH" else "hash",
        )

    def table(self, raw: dict[str, Any], depth: int) -> Node:
        self.count += 1
        if self.count > MAX_STEPS:
            raise TooDeep("the plan is too large")
        name, access = str(raw.get("table_name", "")), str(raw.get("access_type", "")).lower()
        looked = _number(raw.get("rows_examined_per_scan", raw.get("rows")))
        part = _number(raw.get("filtered"))
        left = None if looked is None else looked * (100.0 if part is None else part) / 100
        ran, kept = _number(raw.get("r_rows")), _number(raw.get("r_filtered"))
        loops = _number(raw.get("r_loops"))
        came = None if ran is None else ran * (100.0 if kept is None else kept) / 100
        condition = str(raw.get("attached_condition") or raw.get("index_condition") or "")
        if ran and looked and condition and (part or 100.0) >= 100 and 0.1 < looked / ran < 10:
            left = None  # without statistics of the column nothing was expected of the condition
        took = _number(raw.get("r_total_time_ms"))
        if took is None and raw.get("r_table_time_ms") is not None:
            took = (_number(raw.get("r_table_time_ms")) or 0.0) + (_number(raw.get("r_other_time_ms")) or 0.0)
        never = self.analyzed and loops == 0
        pages = raw.get("r_engine_stats") if isinstance(raw.get("r_engine_stats"), dict) else {}
        assert isinstance(pages, dict)
        below = tuple(self.parts({k: v for k, v in raw.items() if k != "table"}, depth))
        below += tuple(self.parts(raw.get("materialized_from_subquery"), depth))
        return Node(
            name=called(access),
            does=ACCESS.get(access, "other"),
            relation=name or None,
            alias=name or None,
            index=str(raw["key"]) if raw.get("key") else None,
            cost=_own_cost(raw.get("cost_info")) or _number(raw.get("cost")),
            expected=left,
            came=0.0 if never else came,
            reads=looked if ran is None else ran,
            loops=1.0 if loops is None else loops,
            took_ms=took,
            access=", ".join(str(one) for one in raw.get("used_key_parts") or ()),
            filter=condition,
            join=_buffer(str(raw.get("using_join_buffer") or "")),
            removed=0.0 if ran is None or came is None else max(0.0, ran - came) * (loops or 1.0),
            read=_number(pages.get("pages_read_count")) or 0.0,
            hit=_number(pages.get("pages_accessed")) or 0.0,
            children=below,
        )


def _buffer(kind: str) -> str:
    """How a join without an index is done: rows in a buffer against each row, or by a hash of them."""
    return "" if not kind else "hash" if "hash" in kind.lower() else "buffer"


def called(access: str) -> str:
    """What an access type is called."""
    return {"all": "Table scan", "index": "Index scan", "range": "Index range scan"}.get(access, access or "table")


def _role(inner: Any, role: str) -> str:
    """A subquery that says it does not depend on the row runs once."""
    first = inner[0] if isinstance(inner, list) and inner else inner
    if isinstance(first, dict) and (first.get("dependent") is False or "materialization" in first):
        return "once"
    return role


def _second(raw: Any, depth: int) -> Node:
    """A step of MySQL's JSON version 2, which says what the tree form says."""
    if not isinstance(raw, dict) or depth > MAX_DEPTH:
        raise ValueError("no plan of MySQL")
    inputs = [*(raw.get("inputs") or ()), *(raw.get("inputs_from_select_list") or ())]
    children = tuple(_second(one, depth + 1) for one in inputs)
    node = tree_node(str(raw.get("operation", "")))
    loops = _number(raw.get("actual_loops"))
    last = _number(raw.get("actual_last_row_ms"))
    expected, came = _number(raw.get("estimated_rows")), _number(raw.get("actual_rows"))
    return _replace(
        node,
        relation=raw.get("table_name") or node.relation,
        index=raw.get("index_name") or node.index,
        cost=_number(raw.get("estimated_total_cost")),
        expected=expected,
        came=came,
        reads=expected if came is None else came,
        loops=1.0 if loops is None else loops,
        took_ms=None if last is None else last * (1.0 if loops is None else loops),
        filter=str(raw.get("condition") or node.filter),
        children=children,
    )


def _replace(node: Node, **fields: Any) -> Node:
    from msgspec.structs import replace

    return replace(node, **fields)


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _cost(info: Any, name: str) -> float | None:
    return _number(info.get(name)) if isinstance(info, dict) else None


def _own_cost(info: Any) -> float | None:
    """What reading one table costs in all, without the tables before it."""
    read, evaluated = _cost(info, "read_cost"), _cost(info, "eval_cost")
    return None if read is None and evaluated is None else (read or 0.0) + (evaluated or 0.0)
