"""What an approval binds, and how its end is told: shared by who asks for one and who carries it out."""

from __future__ import annotations

import hashlib

import msgspec

from dbmedic.core.events import ApprovalDecided


def bound(statement: str, instance: str, database: str, role: str, kind: str) -> str:
    """A digest over everything that a person grants; any other byte, place or account is another one."""
    return hashlib.sha256(msgspec.json.encode([statement, instance, database, role, kind])).hexdigest()


_REFUSALS = {
    "expired": "nobody decided in time; nothing was changed",
    "superseded": "the next question came before a decision; nothing was changed",
}


def refusal(decided: ApprovalDecided) -> str:
    """Why a change was not made, for the model."""
    by_rule = f"refused by the rule {decided.by!r}; nothing was changed"
    other = by_rule if decided.how == "policy" else "refused by a person; nothing was changed"
    said = _REFUSALS.get(decided.how, other)
    return f"{said}: {decided.comment}" if decided.comment else said
