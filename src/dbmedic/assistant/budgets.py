"""What turns with a language model may cost, and what they did cost: tokens, money and tool calls.

A turn that reaches its budget ends with an answer all the same: the analyst's, which costs nothing.  A model that goes
on calling tools is first told to answer with what it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from dbmedic.agent.turn import REPLIES, Turn
from dbmedic.core.events import ToolCalled
from dbmedic.core.lang import detect, phrase
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Question, Row

DAY_US: Final = 86_400_000_000
MILLIONTHS: Final = 1_000_000
LAST_REPLY: Final = REPLIES - 4
"""The reply before which a model is told to answer; the rest is the analyst's."""
SAME: Final = 3
"""How often one call is carried out with the same arguments in a turn."""
CIRCLES: Final = 3
"""Refused repetitions after which a model is told to answer."""

NOW_ANSWER: Final = (
    "(No more tools in this turn. Answer now with what was measured so far; say which part of the question could not "
    "be looked at.)"
)
SPENT_CALLS: Final = "refused: the {limit} tool calls of one turn are spent; answer with what was measured"
AGAIN: Final = "refused: the same call was made {times} times in this turn; its results are above, use them"


class Budgets(NamedTuple):
    """The most that a language model may use; 0 is no limit.  Money is in the currency of the model's price."""

    turn_tokens: int = 0
    turn_cost: float = 0.0
    turn_calls: int = 64
    day_tokens: int = 0
    """Of one account, from midnight to midnight UTC."""
    day_cost: float = 0.0


class Spent(NamedTuple):
    """What an account has used today, in turns that ended."""

    tokens: int = 0
    cost: Decimal = Decimal(0)
    """Of the currency in which it spent the most."""


class UsageRow(NamedTuple):
    """What the turns of one account cost on one day, in one currency."""

    account: str
    day: datetime
    currency: str
    turns: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal


class Spending:
    """The limits of accounts, and what they have spent."""

    def __init__(self, store: Store, budgets: Budgets = Budgets(), *, now: Now) -> None:  # noqa: B008 - a frozen value
        self._store, self._budgets, self._now = store, budgets, now
        self._turns: dict[str, int] = {}
        self._version = -1

    async def turns_of(self, account: str, most: int) -> int:
        """How many turns an account may run at once: its own limit, and never more than `most`."""
        if (version := await self._store.version()) != self._version:
            self._turns.clear()
            self._version = version
        if account not in self._turns:
            rows = await self._store.read("account_get", id=account)
            self._turns[account] = rows[0]["max_turns"] if rows else most
        return min(most, self._turns[account])

    async def bounds(self, turn: Turn, question: Question) -> Bounds:
        """What the model of a turn that is about to be driven may use."""
        spent = Spent()
        if self._budgets.day_tokens or self._budgets.day_cost:
            account = question.caller.account
            rows = await self._store.read("usage_of_day", account=account, day=day_of(self._now()))
            spent = Spent(
                sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows),
                max((money(row["cost"]) for row in rows), default=Decimal(0)),
            )
        return Bounds(self._budgets, spent, question, turn.calls - len(turn.open))

    async def usage(self, days: int) -> list[UsageRow]:
        """What was spent in the last days, today first."""
        rows = await self._store.read("usage_since", day=day_of(self._now()) - (days - 1) * DAY_US)
        return [_usage(row) for row in rows]


class Bounds:
    """What the model of one turn may still use.  Asked before each reply and each tool."""

    def __init__(self, budgets: Budgets, spent: Spent, question: Question, ran: int = 0) -> None:
        """`ran`: tools that were carried out before."""
        self._budgets, self._spent, self._question, self._ran = budgets, spent, question, ran
        self._same: Counter[tuple[str, bytes]] = Counter()
        self._circles = self._told = 0

    def note(self, reply: int) -> str:
        """What the model is told before this reply; empty while it may go on."""
        if not self._told:
            limit = self._budgets.turn_calls
            if reply < LAST_REPLY and self._circles < CIRCLES and not (limit and self._ran >= limit):
                return ""
            self._told = reply
        return NOW_ANSWER

    def refused(self, call: ToolCalled) -> str | None:
        """Why a call is not carried out; None when it is.  What a person granted is never refused."""
        if call.writes:
            return None
        if self._told and call.reply >= self._told:
            return f"refused: {NOW_ANSWER.strip('()')}"
        same = call.tool, msgspec.json.encode(call.args, order="deterministic")
        self._same[same] += 1
        if self._same[same] > SAME:
            self._circles += 1
            return AGAIN.format(times=SAME)
        limit = self._budgets.turn_calls
        if limit and self._ran >= limit:
            return SPENT_CALLS.format(limit=limit)
        self._ran += 1
        return None

    def over(self, turn: Turn) -> str | None:
        """Why the model may not be asked again, as a sentence for the reader; None when it may."""
        budgets, used = self._budgets, turn.usage
        tokens, cost = used.prompt_tokens + used.completion_tokens, used.prompt_price + used.completion_price
        if self._told and turn.replies >= self._told:
            return self._say("loop")
        if budgets.turn_tokens and tokens >= budgets.turn_tokens:
            return self._say("turn_tokens", limit=budgets.turn_tokens)
        if budgets.turn_cost and cost >= Decimal(str(budgets.turn_cost)):
            return self._say("turn_cost", limit=f"{budgets.turn_cost:g} {used.currency}")
        if budgets.day_tokens and self._spent.tokens + tokens >= budgets.day_tokens:
            return self._say("day_tokens", limit=budgets.day_tokens)
        if budgets.day_cost and self._spent.cost + cost >= Decimal(str(budgets.day_cost)):
            return self._say("day_cost", limit=f"{budgets.day_cost:g} {used.currency}")
        return None

    def _say(self, key: str, **fields: Any) -> str:
        return phrase(self._question.language or detect(self._question.text), f"model.{key}", **fields)


def closing(turn: Turn, account: str, at: datetime) -> Sequence[tuple[str, dict[str, Any]]]:
    """The named writes that keep what a turn cost; none for one that cost nothing.  Pure."""
    used = turn.usage
    if not used.prompt_tokens and not used.completion_tokens:
        return ()
    fields = {
        "account": account,
        "day": day_of(at),
        "currency": used.currency,
        "calls": turn.calls,
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "cost": int((used.prompt_price + used.completion_price) * MILLIONTHS),
    }
    return (("usage_add", fields),)


def day_of(at: datetime) -> int:
    """The first moment of a day in UTC, in microseconds."""
    now = micros(at)
    return now - now % DAY_US


def money(millionths: int) -> Decimal:
    return Decimal(millionths) / MILLIONTHS


def _usage(row: Row) -> UsageRow:
    return UsageRow(
        row["account"],
        moment(row["day"]),
        row["currency"],
        row["turns"],
        row["calls"],
        row["prompt_tokens"],
        row["completion_tokens"],
        money(row["cost"]),
    )
