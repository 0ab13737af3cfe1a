"""The reference page of all checks as markdown, from the checks' own files and their proofs.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dbmedic.checks.check import Check, On, Source
from dbmedic.checks.plan import server

ITEMS = (
    "instance_info", "resource_usage", "connection_session_management", "performance_metrics", "slow_query_analysis",
    "error_log_analysis", "lock_wait_deadlock_analysis", "backup_recovery_analysis",
    "high_availability_disaster_recovery_analysis", "security_configuration_analysis", "storage_engine_analysis",
    "schema_object_analysis",
)  # fmt: skip
"""Inspection items in the order of a report."""

ENGINES = {
    "any": "every engine", "postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite",
    "redis": "Redis",
}  # fmt: skip
PLACES = {"mysql": "proved on MariaDB, not run on a MySQL server"}
"""Where a proof with a fault is run, when that is not a server of the engine itself."""
COSTS = (
    "settings, one row",
    "activity and statistics views",
    "whole catalogue, bounded",
    "plans, log tail",
    "reads data",
)
SAFETY = {
    "ON": "online, no blocking lock",
    "SUE": "reads and writes go on; waits for other schema changes and vacuum of the table",
    "SH": "writes to the table wait",
    "SRE": "writes to the table wait",
    "AX": "everything on the table waits",
    "RL": "takes effect with a reload of the configuration",
    "RS": "needs a restart",
    "INST": "instant",
    "INPL": "writes go on, with a short exclusive lock at both ends",
    "COPY": "copies the table; writes wait",
    "KILL": "ends a statement or session; its transaction is rolled back",
    "FILE": "needs access to the host",
    "MAN": "a change of the application or of a habit",
}


def page(checks: Mapping[str, Check], proofs: Mapping[str, Sequence[str]] | None = None) -> str:
    """The page.  `proofs` names, per check, the servers on which its proof has been run."""
    lines = [
        "# Checks",
        "",
        f"{len(checks)} checks.  Each is one file, `checks/catalogue/<item>/<id>.toml`, with its levels, words, SQL,"
        " fix and proof.  Thresholds are defaults.  Every fix is a proposal that a person approves.",
        "",
        "What a fix takes:",
        "",
        *(f"* `{code}` {meaning}" for code, meaning in SAFETY.items()),
    ]
    for item in (*ITEMS, *sorted({check.item for check in checks.values()} - set(ITEMS))):
        inside = sorted((check for check in checks.values() if check.item == item), key=lambda check: check.id)
        if inside:
            lines += ["", f"## {item}"]
        for check in inside:
            lines += section(check, (proofs or {}).get(check.id, ()))
    lines += proof_table(checks)
    return "\n".join(lines) + "\n"


def proof_table(checks: Mapping[str, Check]) -> Iterator[str]:
    """The lines of a table that says how each check is proved on each engine."""
    engines = [name for name in ENGINES if name != "any" and any(name in check.on for check in checks.values())]
    yield from ("", "## Proofs", "")
    yield (
        "*server*: a real fault gives exactly the finding, and its cure ends it, on a server of that engine, with"
        " `--all-versions` on PostgreSQL 13 to 18.  *MariaDB*: the same, run on MariaDB alone.  *rows*: canned rows,"
        " for what a test cannot provoke or no server is at hand for.  *shared*: one source for all, proved once."
    )
    yield from ("", f"| check | {' | '.join(ENGINES[name] for name in engines)} |", "|---" * (len(engines) + 1) + "|")
    for check in sorted(checks.values(), key=lambda check: check.id):
        yield f"| `{check.id}` | {' | '.join(_status(check, name) for name in engines)} |"


def _status(check: Check, engine: str) -> str:
    on = check.engine(engine)
    if on is None:
        return ""
    if on.proof is None:
        return "shared" if any(other.proof is not None for other in check.on.values()) else "no proof"
    if on.proof.rows:
        return "rows"
    return "MariaDB" if engine == "mysql" else "server"


def section(check: Check, proved: Sequence[str] = ()) -> Iterator[str]:
    """The lines of one check."""
    english, chinese = check.text["en"], check.text["zh"]
    yield from ("", f"### {check.id}", "", f"{english.title} · {chinese.title}", "", english.why, "")
    yield f"* finding: {english.finding}"
    for name in ("warning", "error"):
        expression = getattr(check.level, name)
        if expression is not None:
            yield f"* {name}: `{expression.text}`"
    limits = {**check.thresholds, **{name: value for on in check.on.values() for name, value in on.thresholds.items()}}
    if limits:
        yield "* thresholds: " + ", ".join(f"`{name}` {_limit(value)}" for name, value in limits.items())
    for gate, expression in check.gates.items():
        yield f"* stays normal ({gate}) when `{expression.text}`"
    if check.posture:
        yield "* posture: reported in inspections, never the cause of a symptom"
    yield f"* cost class {check.cost}: {COSTS[check.cost]}"
    if check.explains:
        yield "* may be the cause of " + ", ".join(f"`{name}`" for name in check.explains)
    if check.refuted_by:
        yield "* explained away by " + ", ".join(f"`{name}`" for name in check.refuted_by)
    for engine, on in check.on.items():
        yield from _on(engine, on)
    if proved:
        yield "* proved on " + ", ".join(proved)


def _on(engine: str, on: On) -> Iterator[str]:
    words = [f"* {ENGINES.get(engine, engine)}: {on.name or 'see the file'}"]
    words += [f"from version {min(on.sql)}"] if isinstance(on.sql, dict) and on.sql else []
    words += _needs(engine, on)
    if on.fallback is not None:
        words.append(f"else {on.fallback.name or 'a fallback'}")
    if on.proof is not None:
        words.append("proved on canned rows" if on.proof.rows else PLACES.get(engine, "proved on a server"))
    yield "; ".join(words)
    for remedy in on.fix:
        mark = " ⚠" if remedy.dangerous else ""
        yield f"  * `{remedy.safety}`{mark} `{' '.join(remedy.do.split())}`"


def _needs(engine: str, source: Source) -> list[str]:
    known = server(engine).access
    needs = [
        f"extension {known[name].extension}" if known[name].extension else " or ".join(known[name].privileges)
        for name in source.access
        if name in known
    ]
    return [f"needs {' and '.join(dict.fromkeys(needs))}"] if needs else []


def _limit(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}".replace(",", " ")
