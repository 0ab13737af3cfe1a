"""Prepared transactions of MySQL and MariaDB that no session holds any more, with the statement that ends each."""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, StatementFailed
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per transaction.  Without the right to list their names, those without a session stand for them."""
    left = await context.rows(context.query("open"))
    try:
        prepared = await context.rows(context.query("prepared"))
    except (Denied, StatementFailed) as failure:
        context.better = f"the names of prepared transactions are hidden: {failure}"
        context.better_grant = f"GRANT XA_RECOVER_ADMIN ON *.* TO {context.facts.role}"
        return [
            {
                **_nobody(),
                "gid": f"transaction {row['id']}",
                **{name: row[name] for name in ("open", "locks", "blocked")},
            }
            for row in left
        ]
    return joined(prepared, left)


def joined(prepared: Sequence[Row], left: Sequence[Row]) -> list[Row]:
    """Names and ages.  Of several, each is known to be as old as the youngest, and what all hold is said of each."""
    if not prepared or not left:
        return []  # each still belongs to its session, which other checks look at
    youngest = min(left, key=lambda row: row["open"])
    held = {name: sum(one[name] for one in left) for name in ("locks", "blocked")}
    return [{**_nobody(), **_named(row), "open": youngest["open"], **held} for row in prepared]


def _named(row: Row) -> Row:
    """Its name as it was given, and the rollback that any client can send."""
    data = row["data"] if isinstance(row["data"], bytes) else str(row["data"]).encode("latin-1", "replace")
    whole, branch = data[: row["gtrid_length"]], data[row["gtrid_length"] :]
    shown = [part.decode("ascii") if _plain(part) else part.hex() for part in (whole, branch) if part]
    return {"gid": ",".join(shown), "sql": f"XA ROLLBACK X'{whole.hex()}', X'{branch.hex()}', {row['formatID']}"}


def _plain(part: bytes) -> bool:
    return part.isascii() and part.decode("ascii").isprintable()


def _nobody() -> Row:
    return dict.fromkeys(("owner", "database", "xids", "sql"))
