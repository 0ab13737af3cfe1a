"""`/dbmedic/v1/approvals`: what waits for a person, and the decision, for operators and screens.

Reading and deciding both need the right `approve`; a key that may touch some instances sees what concerns those.
"""

from __future__ import annotations

from typing import Any, Final, cast, get_args

from dbmedic.api.own.wire import json_object
from dbmedic.assistant import Assistant
from dbmedic.assistant.approvals import Status, shape
from dbmedic.core.errors import BadField, Forbidden
from dbmedic.core.values import Caller

LIMIT: Final = 100
COMMENT_CHARS: Final = 2000
_DECISIONS: Final = {"grant": True, "refuse": False}


async def listed(assistant: Assistant, caller: Caller, query: dict[str, str]) -> dict[str, Any]:
    """The newest first; `status` and `limit` (1 to 100) choose."""
    _may(caller)
    status, limit = query.get("status"), query.get("limit", str(LIMIT))
    if status is not None and status not in get_args(Status):
        raise BadField("status", f"status {status!r}: one of {', '.join(get_args(Status))}")
    if not limit.isdecimal() or len(limit) > 3 or not 1 <= int(limit) <= LIMIT:
        raise BadField("limit", f"limit {limit[:20]!r}: 1 to {LIMIT}")
    found = await assistant.approvals.asked(caller, status=cast("Status | None", status), limit=int(limit))
    return {"approvals": [shape(one) for one in found]}


async def one(assistant: Assistant, caller: Caller, id: str) -> dict[str, Any]:
    """Raises `NotFound("approval")`."""
    _may(caller)
    return shape(await assistant.approvals.get(id, caller))


async def decide(assistant: Assistant, caller: Caller, id: str, body: bytes) -> dict[str, Any]:
    """Decides, and goes on with the turn that waited.  Raises as `Approvals.decide`."""
    _may(caller)
    fields = json_object(body)
    strange = sorted(set(fields) - {"decision", "comment"})
    if strange:
        raise BadField(str(strange[0])[:100], "the body has decision, and comment if you like")
    decision, comment = fields.get("decision"), fields.get("comment", "")
    if not isinstance(decision, str) or decision not in _DECISIONS:
        raise BadField("decision", "decision is grant or refuse")
    if not isinstance(comment, str) or len(comment) > COMMENT_CHARS:
        raise BadField("comment", f"comment is a text of at most {COMMENT_CHARS} characters")
    decided = await assistant.approvals.decide(id, caller, granted=_DECISIONS[decision], comment=comment)
    await assistant.turns.sweep()
    return shape(decided)


def _may(caller: Caller) -> None:
    if "approve" not in caller.rights:
        raise Forbidden(f"key {caller.key} lacks the right approve; `dbmedic key create --right approve` gives it")
