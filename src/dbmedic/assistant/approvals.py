"""Approvals: what waits for a person, who may decide it, and the rules that an administrator wrote ahead.

A decision is one more entry in the log of the turn that waits; of two that come at once only one is kept, for an
entry's number is taken once.  Nothing here runs anything: `turns.py` goes on with a turn whose round is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, cast, get_args

import msgspec
from msgspec import Struct

from dbmedic.agent.approval import bound
from dbmedic.core.errors import BadField, Bug, Forbidden, NotFound, OutsideFailed, Refused
from dbmedic.core.events import ApprovalDecided, ApprovalRequested, Entry, Event, ToolCalled, ToolReturned
from dbmedic.core.log import micros, moment
from dbmedic.core.log import row as log_row
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller, Proposal, Question, Row

LIFE_S: Final = 900.0
"""How long an approval can be decided, and what was granted be run."""
TRIES: Final = 5
KINDS: Final = (
    "cancel_session", "end_session", "create_index", "drop_index", "analyze", "vacuum", "optimize", "setting",
    "statement", "tool",
)  # fmt: skip
"""Classes of changes that a rule may name."""
Effect: TypeAlias = Literal["grant", "refuse", "two"]
Status: TypeAlias = Literal["pending", "approved", "rejected", "expired", "superseded"]


class Decided(Refused):
    """An approval that was decided, or ended, before."""

    code = "decided"

    def __init__(self, id: str, status: str) -> None:
        super().__init__(f"approval {id} is {status}; nothing was changed by this call")
        self.status = status


class Approval(Struct, frozen=True, kw_only=True):
    """What a person is asked to grant."""

    id: str
    turn: str
    conversation: str
    owner: str
    api: str
    status: Status
    request: ApprovalRequested
    granted_by: tuple[str, ...]
    """Ids of the keys that granted it so far."""
    created_at: datetime
    decided_at: datetime | None


class Rule(Struct, frozen=True, kw_only=True):
    """What an administrator decided ahead: grant (in mode auto), refuse, or ask two people."""

    name: str
    effect: Effect
    kinds: tuple[str, ...]
    instances: tuple[str, ...]
    """Ids; `*`, for a rule that grants nothing, is all."""
    created_by: str = ""

    def fits(self, proposal: Proposal) -> bool:
        return proposal.kind in self.kinds and ("*" in self.instances or proposal.instance in self.instances)


def approval_id(turn: str, call: str) -> str:
    """Unique over all turns; a model's own call ids need not be."""
    return f"{turn}-{call}"


class Approvals:
    """The approvals and rules of all accounts."""

    def __init__(self, store: Store, *, now: Now, life_s: float = LIFE_S) -> None:
        self._store, self._now, self._life = store, now, timedelta(seconds=life_s)

    # -- asked by a turn ----------------------------------------------------------------------------------------

    async def asking(
        self, called: ToolCalled, number: int, proposal: Proposal, question: Question
    ) -> tuple[Event, ...]:
        """The request of round `number`, and the decision when a rule has made it; mode read_only asks nobody."""
        if question.approval == "read_only":
            refused = f"refused: this conversation is read only; nothing was changed.  It was: {proposal.statement}"
            return (ToolReturned(call=called.call, ok=False, content=refused),)
        rules = [rule for rule in await self.rules(question.caller.account) if rule.fits(proposal)]
        decided = verdict(called.call, rules, question)
        request = ApprovalRequested(
            call=called.call,
            round=number,
            tool=called.tool,
            args=called.args,
            instance=proposal.instance,
            statement=proposal.statement,
            risk=proposal.risk,
            description=proposal.description,
            until=self._now() + self._life,
            kind=proposal.kind,
            database=proposal.database,
            role=proposal.role,
            dangerous=proposal.dangerous,
            waits=decided is None,
            approvers=2 if any(rule.effect == "two" for rule in rules) else 1,
            rollback=proposal.rollback,
            digest=bound(proposal.statement, proposal.instance, proposal.database, proposal.role, proposal.kind),
        )
        return (request,) if decided is None else (request, decided)

    # -- decided by people --------------------------------------------------------------------------------------

    async def asked(self, caller: Caller, *, status: Status | None = None, limit: int = 100) -> list[Approval]:
        """Those of the caller's account and instances, the newest first."""
        rows = await self._store.read("approvals_of_account", account=caller.account, status=status, limit=limit)
        return [_approval(row) for row in rows if _sees(caller, row["instance"])]

    async def undecided(self, turn: str) -> list[str]:
        """Ids of a turn's approvals that somebody still has to decide."""
        rows = await self._store.read("approvals_of_turn", turn=turn)
        return [row["id"] for row in rows if row["status"] == "pending" and row["round_open"]]

    async def get(self, id: str, caller: Caller, *, kind: str = "approval") -> Approval:
        """Raises `NotFound(kind)`: "approval", or as a wire calls it."""
        rows = await self._store.read("approval_get", id=id)
        if not rows or rows[0]["account"] != caller.account or not _sees(caller, rows[0]["instance"]):
            raise NotFound(kind, id)
        return _approval(rows[0])

    async def decide(self, id: str, caller: Caller, *, granted: bool, comment: str = "") -> Approval:
        """Grants or refuses exactly this change; what a second person must grant as well stays pending.

        Raises `NotFound("approval")`, `Forbidden` without the right `approve`, `Decided` when it is not pending any
        more, and `BadField` for a second grant by the same key.
        """
        if "approve" not in caller.rights:
            raise Forbidden(f"key {caller.key} lacks the right approve; `dbmedic key create --right approve` gives it")
        for _ in range(TRIES):
            found = await self.get(id, caller)
            if found.status != "pending" or found.request.until <= self._now():
                raise Decided(id, "expired" if found.status == "pending" else found.status)
            if granted and caller.key in found.granted_by:
                raise BadField("approver", f"approval {id} was granted by this key; it needs another person's, too")
            event = ApprovalDecided(
                call=found.request.call, granted=granted, by=caller.key, how="person", comment=comment
            )
            by = (*found.granted_by, caller.key) if granted else found.granted_by
            status = "pending" if granted and len(by) < found.request.approvers else _STATUS[granted]
            try:
                kept = await self._keep(found, event, status, by)
            except (OutsideFailed, Bug):
                if (await self.get(id, caller)) == found:
                    raise  # nobody else was faster: the store is at fault
                continue
            if kept:
                return await self.get(id, caller)
        raise Decided(id, "not open any more")

    async def _keep(self, found: Approval, event: ApprovalDecided, status: str, by: Sequence[str]) -> bool:
        """Adds the decision to the log while the turn waits; False when it does not any more."""
        (end,) = await self._store.read("turn_end_of_log", turn=found.turn)
        at = self._now()
        turn, seq, micros_at, kind, body = log_row(Entry(found.turn, end["seq"] + 1, at, event))
        entry = {"turn": turn, "seq": seq, "at": micros_at, "kind": kind, "body": body, "id": found.id}
        row = {"id": found.id, "status": status, "grants": msgspec.json.encode(by).decode(), "now": micros(at)}
        _, kept, _ = await self._store.write(
            ("turn_still_waits", {"id": found.turn}), ("decision_put", entry), ("approval_decided", row)
        )
        return bool(kept)

    # -- rules --------------------------------------------------------------------------------------------------

    async def rules(self, account: str) -> list[Rule]:
        """By name."""
        return [
            Rule(
                name=row["name"],
                effect=row["effect"],
                kinds=tuple(msgspec.json.decode(row["kinds"])),
                instances=tuple(msgspec.json.decode(row["instances"])),
                created_by=row["created_by"],
            )
            for row in await self._store.read("rules_of_account", account=account)
        ]

    async def put_rule(self, rule: Rule, caller: Caller) -> None:
        """Keeps a rule under its name; replaces the one before.

        Raises `Forbidden` without the right `administer`, and `BadField` for a rule that names no class or instance.
        """
        _administers(caller)
        if not rule.name or len(rule.name) > 64:
            raise BadField("name", "a rule needs a name of 1 to 64 characters")
        if rule.effect not in get_args(Effect):
            raise BadField("effect", f"effect {rule.effect!r}: one of {', '.join(get_args(Effect))}")
        strange = [kind for kind in rule.kinds if kind not in KINDS]
        if strange or not rule.kinds:
            raise BadField("kinds", f"{', '.join(strange) or 'no class'}: name some of {', '.join(KINDS)}")
        if not rule.instances or (rule.effect == "grant" and "*" in rule.instances):
            raise BadField("instances", "a rule that grants names its instances one by one; others may say *")
        row = {
            "account": caller.account,
            "name": rule.name,
            "effect": rule.effect,
            "kinds": msgspec.json.encode(rule.kinds).decode(),
            "instances": msgspec.json.encode(rule.instances).decode(),
            "created_by": caller.key,
            "now": micros(self._now()),
        }
        await self._store.write(("rule_put", row))

    async def remove_rule(self, name: str, caller: Caller) -> None:
        """Raises `Forbidden` and `NotFound("rule")`."""
        _administers(caller)
        (gone,) = await self._store.write(("rule_delete", {"account": caller.account, "name": name}))
        if not gone:
            raise NotFound("rule", name)


def verdict(call: str, rules: Iterable[Rule], question: Question) -> ApprovalDecided | None:
    """What needs no person: a rule may refuse, and in mode auto a rule may grant."""
    by_effect = {rule.effect: rule.name for rule in rules}
    if "refuse" in by_effect:
        return ApprovalDecided(call=call, granted=False, by=by_effect["refuse"], how="policy")
    if question.approval == "auto" and "grant" in by_effect and "two" not in by_effect:
        return ApprovalDecided(call=call, granted=True, by=by_effect["grant"], how="policy")
    return None


def shape(approval: Approval) -> dict[str, Any]:
    """An approval as readers outside see it, JSON-able."""
    asked = approval.request
    return {
        "id": approval.id,
        "status": approval.status,
        "api": approval.api,
        "turn": approval.turn,
        "conversation": approval.conversation,
        "tool": asked.tool,
        "instance": asked.instance,
        "database": asked.database,
        "role": asked.role,
        "kind": asked.kind,
        "statement": asked.statement,
        "description": asked.description,
        "risk": asked.risk,
        "rollback": asked.rollback,
        "dangerous": asked.dangerous,
        "approvers": asked.approvers,
        "granted_by": approval.granted_by,
        "until": asked.until,
        "created_at": approval.created_at,
        "decided_at": approval.decided_at,
    }


_STATUS = {True: "approved", False: "rejected"}


def _administers(caller: Caller) -> None:
    if "administer" not in caller.rights:
        raise Forbidden(f"key {caller.key} may not write rules; it lacks the right administer")


def _sees(caller: Caller, instance: str) -> bool:
    return caller.instances is None or instance in caller.instances


def _approval(row: Row) -> Approval:
    return Approval(
        id=row["id"],
        turn=row["turn"],
        conversation=row["conversation"],
        owner=row["owner"],
        api=row["api"],
        status=cast("Status", row["status"]),
        request=msgspec.json.decode(row["body"], type=ApprovalRequested),
        granted_by=tuple(msgspec.json.decode(row["grants"])),
        created_at=moment(row["created_at"]),
        decided_at=None if row["decided_at"] is None else moment(row["decided_at"]),
    )
