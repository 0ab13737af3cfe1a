"""Whether the files of PostgreSQL are encrypted: by an extension that says so, else its operator alone knows."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """At most one row.  Raises `Unmeasured` where the policy asks for it and nothing on the server says."""
    instance = context.lanes.target.instance
    found = await context.rows(context.query("by_extension"))
    if found or instance.tags.get("encryption", "").strip().lower() != "required":
        return found
    raise Unmeasured(
        "no_host_source",
        "PostgreSQL does not encrypt its files itself, and dbmedic cannot see whether the volume does",
        f"dbmedic instance tag {instance.id} encryption=volume  -- once that is made sure",
    )
