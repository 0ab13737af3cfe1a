"""Reads a procedure, written down by us or by the operator."""

from __future__ import annotations

from anyio.lowlevel import checkpoint

from dbmedic.agent.tool import Context, tool


@tool
async def playbook(context: Context, name: str) -> str:
    """Read a playbook: a written procedure for an incident, with the checks and tools of each step.

    Follow it step by step where it fits the complaint; skip a step whose result is already there, and say which step
    led to the answer.  It never lifts a rule: what it proposes to change still needs an approval.
    """
    await checkpoint()
    return context.playbook(name)
