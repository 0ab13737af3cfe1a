"""The page of all checks, made from their files."""

from __future__ import annotations

from itertools import groupby

from dbmedic.checks.check import Check, catalogue
from dbmedic.cli.reference.declared import table

HEAD = """# Checks

Each check is one file: what is measured, when it is a finding, what is said and what to do.  Warning and error are
expressions over the columns and the thresholds; a gate keeps a crossed level normal.
"""
SAFETY = {
    "ON": "online, no blocking lock", "SUE": "reads and writes go on; schema changes and VACUUM wait",
    "SH": "writes wait", "SRE": "writes wait", "AX": "everything on the table waits", "RL": "reload", "RS": "restart",
    "INST": "instant", "INPL": "writes go on; a short lock at both ends", "COPY": "writes wait while it copies",
    "KILL": "ends a session; its transaction rolls back", "FILE": "needs the host", "MAN": "by hand",
}  # fmt: skip


def page() -> str:
    """Markdown."""
    checks = sorted(catalogue().values(), key=lambda check: (check.item, check.id))
    parts = [HEAD]
    for item, group in groupby(checks, key=lambda check: check.item):
        parts.append(f"## {item}\n")
        parts += [section(check) for check in group]
    return "\n".join(parts)


def section(check: Check) -> str:
    """One check as Markdown."""
    said, chinese = check.text["en"], check.text["zh"]
    columns = ", ".join(f"`{name}` ({unit})" for name, unit in check.columns.items())
    facts = [
        ("engines", ", ".join(f"`{name}`" for name in check.on)),
        ("object", f"`{check.object}`"),
        ("columns", columns),
        ("warning", f"`{check.level.warning.text}`" if check.level.warning else ""),
        ("error", f"`{check.level.error.text}`" if check.level.error else ""),
        ("thresholds", ", ".join(f"`{name}` = {value}" for name, value in check.thresholds.items())),
        ("gates", ", ".join(f"{name}: `{gate.text}`" for name, gate in check.gates.items())),
        ("needs", ", ".join(sorted({f"`{name}`" for on in check.on.values() for name in on.access}))),
        ("explains", ", ".join(f"`{name}`" for name in check.explains)),
    ]
    lines = [f"### {check.id}\n\n**{said.title}** · {chinese.title}\n\n{said.why}\n"]
    lines.append(table(("", ""), [fact for fact in facts if fact[1]]) + "\n")
    fixes: dict[str, list[str]] = {}
    for engine, on in check.on.items():
        for one in on.fix:
            fixes.setdefault(f"`{one.do}` ({SAFETY[one.safety]})", []).append(engine)
    lines += [f"* fix on {', '.join(engines)}: {fix}" for fix, engines in fixes.items()]
    return "\n".join(lines) + ("\n" if not lines[-1].endswith("\n") else "")
