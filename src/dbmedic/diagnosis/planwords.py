"""A plan and what is found in it -> sentences in the reader's language.  Pure; every number stands in the plan."""

from __future__ import annotations

from collections.abc import Iterator

from dbmedic.checks.template import ident
from dbmedic.diagnosis.phrases import say
from dbmedic.kit import plans
from dbmedic.kit.plans import Finding, Plan
from dbmedic.kit.statements.patterns import patterns
from dbmedic.kit.units import bytes_text, count_text, ratio_text, seconds_text

FACTS = 9
ENGINES = {"postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}
TEXT = 200
MANY, WIDE = 10_000, 100
"""Rows of an answer, and bytes of each, from which it is worth a word."""


def sentences(plan: Plan, language: str) -> list[str]:
    """What the plan is, then what stands out in it, the most expensive first; at most `FACTS` of them."""
    found = plans.findings(plan)
    steps = count_text(len(plans.steps(plan)))
    said = [say(language, "plan", engine=ENGINES.get(plan.engine, plan.engine), steps=steps)]
    took = plan.took_ms or plan.root.took_ms
    said.append(say(language, "took", time=seconds_text(took / 1000)) if took else say(language, "estimated"))
    for one in found:
        said += [text for text in _said(one, plan, language) if text not in said]
    if (advice := _index(found, plan)) is not None:
        said = [*said[:FACTS], say(language, "index_for", statement=advice)]
    return said[: FACTS + 1]


def habits(statement: str, plan: Plan, language: str) -> list[str]:
    """What the statement does that costs whatever the plan, where its rows are many."""
    root = plan.root
    rows = (root.came if root.came is not None else root.expected) or 0.0
    said: list[str] = []
    for one in patterns(statement, plan.engine):
        if one == "paging":
            said.append(say(language, one))
        elif one == "no_limit" and rows >= MANY:
            said.append(say(language, one, rows=count_text(round(rows))))
        elif one == "star" and rows >= MANY and (root.width or 0) >= WIDE:
            said.append(say(language, one, rows=count_text(round(rows)), width=bytes_text(int(root.width or 0))))
    return said


def _said(one: Finding, plan: Plan, language: str) -> Iterator[str]:
    node, numbers = one.node, one.numbers
    counts = {name: count_text(round(value)) for name, value in numbers.items()}
    step, table, text = node.title, node.relation or "", one.text[:TEXT]
    match one.kind:
        case "costs":
            share = ratio_text(one.share or 0.0)
            time = seconds_text(numbers["own"] / 1000)
            key = "slowest" if plan.executed else "costliest"
            yield say(language, key, step=step, time=time, share=share)
        case "scan" | "sort" if not numbers:
            yield say(language, f"{one.kind}_plain", table=table, step=step)
        case "scan":
            key = "scan_filtered" if node.removed else "scan"
            yield say(language, key, table=table, rows=counts["rows"], removed=counts["removed"])
        case "misestimate":
            yield say(language, "misjudged", step=step, expected=counts["expected"], came=counts["came"])
        case "spill":
            if node.spilled:
                yield say(language, "spilled", step=step, size=bytes_text(int(node.spilled)))
            else:
                yield say(language, "batches", step=step, batches=counts["batches"])
        case "defeated":
            yield say(language, "defeated", text=text, table=table, why=say(language, f"why_{one.why}"))
        case "wide":
            yield say(language, "wide", step=step, width=bytes_text(int(numbers["width"])), rows=counts["rows"])
        case _:
            yield say(language, one.kind, **{"step": step, "table": table, "text": text, **counts})


def _index(found: list[Finding], plan: Plan) -> str | None:
    """The index that would serve the most expensive condition of a table read whole; None where none would."""
    dialect = "postgres" if plan.engine == "postgres" else "mysql"
    for one in found:
        node = one.node
        if one.kind not in ("scan", "join_scan") or not node.relation or not (node.filter or one.text):
            continue
        terms = [term for term in plans.terms(node.filter or one.text, node.alias, dialect) if term.expression is None]
        equal = [term.column for term in terms if term.kind in ("equal", "join", "null")]
        ranges = [term.column for term in terms if term.kind == "range"]
        columns = list(dict.fromkeys([*equal[:3], *ranges[:1]]))
        few = one.numbers.get("removed", 0.0) > 10 * one.numbers.get("kept", 0.0) or not plan.executed
        if columns and (few or one.kind == "join_scan"):
            names = ", ".join(ident(column, dialect) for column in columns)
            return f"CREATE INDEX ON {node.relation} ({names})"
    return None
