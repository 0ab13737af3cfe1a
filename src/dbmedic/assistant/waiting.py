"""Turns that wait for a person: put to rest, taken up by exactly one process, or ended with nothing changed."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from dbmedic.agent.approval import refusal
from dbmedic.agent.driver import close
from dbmedic.agent.turn import Close
from dbmedic.assistant.approvals import approval_id
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.live import Running
from dbmedic.core.events import ApprovalDecided, CloseReason, ToolReturned
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller

CLIENT_RESUMES: Final = frozenset({"rdsai"})
"""Wires whose client goes on with a decided turn itself; elsewhere a decided turn goes on by itself."""


class Due(NamedTuple):
    """A turn that waits."""

    turn: str
    expired: bool
    decided: bool
    resumes_itself: bool


async def pause(running: Running, now: Now) -> None:
    """Puts a turn to rest that has nothing to do before a person decides.  Raises `OutsideFailed`."""
    turn = running.turn
    at = micros(now())
    writes = [
        (
            "approval_put",
            {
                "id": approval_id(turn.id, asked.call),
                "turn": turn.id,
                "call": asked.call,
                "account": running.account,
                "instance": asked.instance,
                "until": micros(asked.until),
                "grants": "[]",
                "body": msgspec.json.encode(asked).decode(),
                "now": at,
            },
        )
        for asked in turn.asked
        if asked.call in turn.waiting
    ]
    await running.pause(*writes, ("pause_turn", {"id": turn.id}))


async def due(store: Store, now: Now) -> list[Due]:
    """All turns that wait."""
    at = micros(now())
    return [
        Due(row["id"], row["until"] <= at, row["pending"] == 0, row["api"] not in CLIENT_RESUMES)
        for row in await store.read("waiting_turns")
    ]


async def claim(store: Store, turn: str, run: str, now: Now) -> bool:
    """Takes a waiting turn; False when somebody else did, or it does not wait."""
    (claimed,) = await store.write(("resume_turn", {"id": turn}))
    if not claimed:
        return False
    ended = {"turn": turn, "status": "expired", "now": micros(now())}
    await store.write(("resumption_put", {"run": run, "turn": turn}), ("approvals_end", ended))
    return True


async def expire(store: Store, conversations: Conversations, turn: str, now: Now) -> None:
    """Closes a turn that nobody decided in time."""
    await _end(store, conversations, turn, "expired", "", "expired", now)


async def supersede(store: Store, conversations: Conversations, conversation: str, caller: Caller, now: Now) -> None:
    """Closes what still waits in a conversation, for its next question has come."""
    for row in await store.read("waiting_turns_of", conversation=conversation):
        await _end(store, conversations, row["id"], "superseded", caller.key, "expired", now)


async def stop(store: Store, conversations: Conversations, run: str, caller: Caller, now: Now) -> bool:
    """Closes a waiting turn of the caller's; False when there is none."""
    for row in await store.read("turn_by_run", run=run):
        if row["status"] == "waiting" and row["owner"] == caller.owner and row["account"] == caller.account:
            return await _end(store, conversations, row["id"], "superseded", caller.key, "stopped", now)
    return False


async def _end(
    store: Store, conversations: Conversations, turn: str, how: str, by: str, reason: CloseReason, now: Now
) -> bool:
    (claimed,) = await store.write(("resume_turn", {"id": turn}))
    if not claimed:
        return False
    at = micros(now())
    await store.write(("approvals_end", {"turn": turn, "status": how, "now": at}))
    log = Running.again(await conversations.entries(turn), store, now)
    for call in sorted(log.turn.waiting):
        await log.say(ApprovalDecided(call=call, granted=False, by=by, how=how))
    for called in log.turn.open:
        decided = ApprovalDecided(call=called.call, granted=False, by=by, how=how)
        await log.say(ToolReturned(call=called.call, ok=False, content=refusal(decided)))
    await close(Close(reason), log)
    return True
