"""Whether the files of PostgreSQL are encrypted, which only the volume below it does and only its operator knows."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """No row where nobody asks for it.  Raises `Unmeasured("no_host_source", …)` where the policy does."""
    if context.lanes.target.instance.tags.get("encryption", "").strip().lower() != "required":
        return []
    raise Unmeasured(
        "no_host_source",
        "PostgreSQL does not encrypt its files itself, and dbmedic cannot see whether the volume does;"
        " once it is made sure, change the instance's tag to encryption=volume",
    )
