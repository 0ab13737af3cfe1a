"""PostgreSQL: the text of an EXPLAIN -> the objects that its JSON form would be.

Takes what people paste: psql's frame and its `+` at line ends, quotes of pgAdmin, prose around the plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dbmedic.kit.plans.tree import MAX_DEPTH, MAX_STEPS, TooDeep

_N = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_COST = re.compile(rf"\(cost={_N}\.\.{_N} rows={_N} width=(\d+)\)")
_ACTUAL = re.compile(rf"\(actual (?:time={_N}\.\.{_N} )?rows={_N} loops={_N}\)")
_DETAIL = re.compile(r"^([A-Z][A-Za-z0-9 ]{2,40}?): +(\S.*)$")
_SUBPLAN = re.compile(r"^(SubPlan|InitPlan|CTE) (\S+)")
_ON = re.compile(
    r"^(?P<kind>.*?)(?: using (?P<index>\"(?:[^\"]|\"\")+\"|\S+))? on "
    r"(?:(?P<schema>\"[^\"]+\"|[\w$]+)\.)?(?P<name>\"[^\"]+\"|[\w$]+)(?: (?P<alias>\"[^\"]+\"|[\w$*]+))?$"
)
_JOIN = re.compile(r"^(Hash|Merge|Nested Loop)(?: (Left|Right|Full|Semi|Anti|Right Semi|Right Anti))?(?: Join)?$")
_CHANGES = {"Insert", "Update", "Delete", "Merge"}
_LISTS = {"Sort Key", "Group Key", "Presorted Key", "Output"}
_COUNTS = {
    "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck", "Workers Planned",
    "Workers Launched", "Heap Fetches", "Subplans Removed",
}  # fmt: skip


def objects(lines: Sequence[str]) -> dict[str, Any] | None:
    """The object around "Plan"; None where the lines hold no plan.  Raises `TooDeep`."""
    top: dict[str, Any] = {}
    stack: list[tuple[int, dict[str, Any]]] = []
    heading: tuple[int, str] | None = None
    count = 0
    for line in lines:
        text = _bare(line)
        if not text.strip() or len(text) > 4000:
            continue
        stripped = text.strip()
        indent = len(text) - len(text.lstrip())
        cost, actual = _COST.search(text), _ACTUAL.search(text)
        if cost is None and actual is None and not (stripped.startswith("-> ") and stack):
            if not stack:
                continue
            if found := _SUBPLAN.match(stripped):
                heading = (indent, found[1])
            else:
                _detail(stripped, indent, stack, top)
            continue
        if (cost and "width" not in cost.group()) or (not stack and stripped.startswith("->") and cost is None):
            return None
        count += 1
        arrow = stripped.startswith("->")
        words = stripped.removeprefix("->").strip()
        node = _head(words[: _end(words)].strip())
        _numbers(node, cost, actual, words)
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stack:
            parent = stack[-1][1]
            node["Parent Relationship"] = _relation(heading, indent, parent)
            parent.setdefault("Plans", []).append(node)
        elif "Plan" in top or arrow:
            break
        else:
            top["Plan"] = node
        heading = None
        stack.append((indent, node))
        if len(stack) > MAX_DEPTH or count > MAX_STEPS:
            raise TooDeep("the plan is too large")
    return top if "Plan" in top else None


def _bare(line: str) -> str:
    text = line.rstrip()
    if len(text) > 1 and text.startswith("|") and text.endswith("|"):
        text = text[1:-1].rstrip()
    text = text.removesuffix("+").rstrip()
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return text.replace("\t", "        ").replace("\u00a0", " ")


def _end(words: str) -> int:
    marks = [at for mark in ("(cost=", "(actual ", "(never executed)") if (at := words.find(mark)) >= 0]
    return min(marks, default=len(words))


def _head(text: str) -> dict[str, Any]:
    """What stands before the numbers: kind, table, index."""
    node: dict[str, Any] = {}
    if text.startswith(("Parallel ", "Async ")):
        node["Parallel Aware"] = text.startswith("Parallel")
        text = text.partition(" ")[2]
    for mode in ("Partial ", "Finalize ", "Mixed"):
        text = text.removeprefix(mode)
    if found := _ON.match(text):
        kind = found["kind"].removesuffix(" Backward").strip()
        name = found["name"].strip('"')
        if kind == "Bitmap Index Scan":
            node["Index Name"] = name
        elif kind in _CHANGES:
            return {"Node Type": "ModifyTable", "Operation": kind, "Relation Name": name}
        else:
            node |= {"Relation Name": name, "Alias": (found["alias"] or name).strip('"')}
            if found["schema"]:
                node["Schema"] = found["schema"].strip('"')
        if found["index"]:
            node["Index Name"] = found["index"].strip('"')
        text = kind.removesuffix(" Backward")
    text = text.removeprefix("Parallel ")
    if found := _JOIN.match(text) if text != "Hash" else None:
        kind = found[1] if found[1] == "Nested Loop" else f"{found[1]} Join"
        return node | {"Node Type": kind, "Join Type": found[2] or "Inner"}
    if text in ("HashAggregate", "GroupAggregate", "MixedAggregate", "Aggregate"):
        return node | {"Node Type": "Aggregate", "Strategy": text}
    return node | {"Node Type": text or "?"}


def _numbers(node: dict[str, Any], cost: re.Match[str] | None, actual: re.Match[str] | None, words: str) -> None:
    if cost:
        node |= {"Startup Cost": float(cost[1]), "Total Cost": float(cost[2])}
        node |= {"Plan Rows": float(cost[3]), "Plan Width": float(cost[4])}
    if actual:
        node |= {"Actual Rows": float(actual[3]), "Actual Loops": float(actual[4])}
        if actual[2]:
            node["Actual Total Time"] = float(actual[2])
    elif "(never executed)" in words:
        node |= {"Actual Rows": 0.0, "Actual Loops": 0.0, "Actual Total Time": 0.0}


def _relation(heading: tuple[int, str] | None, indent: int, parent: dict[str, Any]) -> str:
    if heading is not None and heading[0] < indent:
        return "SubPlan" if heading[1] == "SubPlan" else "InitPlan"
    others = sum(one.get("Parent Relationship") in ("Outer", "Inner") for one in parent.get("Plans", ()))
    return "Inner" if others else "Outer"


def _detail(text: str, indent: int, stack: list[tuple[int, dict[str, Any]]], top: dict[str, Any]) -> None:
    found = _DETAIL.match(text)
    if found is None:
        return
    key, value = found[1], found[2]
    if key in ("Planning Time", "Execution Time", "Total runtime"):
        if number := re.match(_N, value):
            top["Planning Time" if key == "Planning Time" else "Execution Time"] = float(number[1])
        return
    node = next((one for at, one in reversed(stack) if at < indent), stack[0][1] if indent == 0 else stack[-1][1])
    if key in _COUNTS:
        if number := re.match(_N, value):
            node[key] = float(number[1])
    elif key in _LISTS:
        node[key] = split(value)
    elif key == "Sort Method":
        if disk := re.search(r"Disk: (\d+)kB", value):
            node |= {"Sort Space Type": "Disk", "Sort Space Used": float(disk[1])}
    elif key in ("Buckets", "Batches"):
        _batches(node, text)
    elif key == "Buffers" and "Shared Hit Blocks" not in node:
        shared = re.search(r"shared((?: \w+=\d+)+)", value)
        for name, blocks in re.findall(r"(\w+)=(\d+)", shared[1] if shared else ""):
            node[f"Shared {name.title()} Blocks"] = float(blocks)
    elif key.endswith(("Cond", "Filter")):
        node[key] = value


def _batches(node: dict[str, Any], text: str) -> None:
    if found := re.search(r"Batches: (\d+)", text):
        node["Hash Batches"] = float(found[1])
    if found := re.search(r"Disk Usage: (\d+)kB", text):
        node["Disk Usage"] = float(found[1])


def split(text: str) -> list[str]:
    """A list cut at its commas outside of parentheses and quotes."""
    out, depth, quote, start = [], 0, "", 0
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "," and depth == 0:
            out.append(text[start:at].strip())
            start = at + 1
    return [*out, text[start:].strip()]
