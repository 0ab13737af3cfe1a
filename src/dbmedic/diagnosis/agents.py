"""What a custom agent changes for the analyst: the tools it may use, and the hints in its skills.  Pure.

A skill's text may have lines `checks: a, b` and `symptom: x`; everything else in it is for a language model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbmedic.checks.check import catalogue
from dbmedic.core.values import Agent, Call, Piece, ToolSpec
from dbmedic.diagnosis.symptoms import about, symptoms

_HINT = re.compile(r"^\s*(?:[-*]\s*)?(checks?|symptoms?)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


def hinted(agent: Agent | None, engine: str) -> list[str]:
    """The checks that an agent's skills ask for on an engine, each once; unknown names are passed over."""
    found: list[str] = []
    for skill in agent.skills if agent is not None else ():
        for kind, names in _HINT.findall(skill.texts.get(engine, "")):
            for name in re.split(r"[,\s]+", names.strip().strip("`")):
                plan = symptoms().get(name.strip("`")) if kind.lower().startswith("symptom") else None
                found += plan.stages_for(engine)[0] if plan is not None else [name.strip("`")]
    known = catalogue()
    return [check for check in dict.fromkeys(found) if check in known and about(check, engine)]


def allowed(pieces: Sequence[Piece], agent: Agent | None, tools: Sequence[ToolSpec], engine: str) -> list[Piece]:
    """A reply whose calls use only the tools that the agent has.

    Where `diagnose` is not among them, `measure` runs the checks of the same stage.
    """
    if agent is None:
        return list(pieces)
    names = {tool.name for tool in tools}
    kept: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Call) and piece.tool not in names:
            if piece.tool != "diagnose" or "measure" not in names:
                continue
            stage = symptoms()[piece.args["symptom"]].stages_for(engine)[piece.args.get("stage", 1) - 1]
            checks = [check for check in stage if check in catalogue()]
            kept.append(Call(piece.id, "measure", {"instance": piece.args["instance"], "checks": checks}))
        else:
            kept.append(piece)
    return kept
