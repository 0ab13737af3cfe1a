"""How much of the statements' time went into compiling them."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

KEY = ("userid", "dbid", "queryid")
MOST = 20


async def rows(context: Context) -> list[Row]:
    """Statements by the seconds of compiling over the window, with their texts; the rest as one row without a name."""
    grown = await context.delta(context.query("counters"), key=KEY, counters=("calls", "exec_s", "jit"))
    ran = sorted((row for row in grown if row["calls"]), key=lambda row: -float(row["jit"]))
    compiled = [row for row in ran[:MOST] if row["jit"]]
    if not compiled:
        return []
    rest = ran[len(compiled) :]
    texts = await context.rows(context.query("texts"), {"ids": ",".join(str(row["queryid"]) for row in compiled)})
    known = {str(row["queryid"]): row for row in texts}
    found = [_told(row, known[str(row["queryid"])]) for row in compiled if str(row["queryid"]) in known]
    others = {name: sum(float(row[name]) for row in rest) for name in ("calls", "exec_s", "jit")}
    return [*found, {**others, "what": "other statements"}]


def _told(row: Row, text: Row) -> Row:
    return {**row, **text, "what": f"{row['queryid']} in {text['database']}"}
