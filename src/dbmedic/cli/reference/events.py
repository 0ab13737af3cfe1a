"""The page of all events of a turn."""

from __future__ import annotations

from typing import get_args

from dbmedic.cli.reference.declared import fields, first_line, table
from dbmedic.core import events, values

HEAD = """# Events

A turn is its log.  Everything shown, resumed, audited or replayed is derived from these events; `dbmedic ask --json`
prints them, one JSON object on a line, with the name of the event in `type`.  Events marked *live* are never stored:
what they carried is repeated whole by a kept one.
"""


def page() -> str:
    """Markdown."""
    parts = [HEAD]
    declared = fields(events)
    for event in get_args(events.Event):
        live = "  *live*" if event in events.LIVE_ONLY else ""
        parts.append(f"## {event.__name__}{live}\n")
        said = first_line(vars(event).get("__doc__"))
        if said and not live:
            parts.append(said + "\n")
        rows = [(f"`{one.name}`", f"`{one.kind}`", one.text) for one in declared[event.__name__]]
        parts.append(table(("field", "type", ""), rows) + "\n")
    parts.append("# Values in events\n")
    for name in ("Question", "Caller", "Measure", "Finding", "Fix", "Usage"):
        parts.append(f"## {name}\n\n{first_line(getattr(values, name).__doc__)}\n")
        rows = [(f"`{one.name}`", f"`{one.kind}`", one.text) for one in fields(values)[name]]
        parts.append(table(("field", "type", ""), rows) + "\n")
    return "\n".join(parts)
