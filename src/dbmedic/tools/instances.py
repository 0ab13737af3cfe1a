"""Which databases can be asked about."""

from __future__ import annotations

from dbmedic.agent.tool import Context, tool


@tool
async def instances(context: Context) -> str:
    """List the database instances that the asker may see: id, engine, name, region, tags."""
    if not context.instances:
        return "No instance is registered, or the key may see none."
    lines = []
    for card in context.instances:
        tags = " ".join(f"{key}={value}" for key, value in card.tags.items())
        lines.append(" ".join(part for part in (card.id, card.engine, card.name, card.region, tags) if part))
    return "\n".join(lines)
