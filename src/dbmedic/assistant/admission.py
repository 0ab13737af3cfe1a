"""Who may begin a turn now: the slots of an account, shared fairly by its keys and their users.

Who is alone gets every slot of an account.  While several people ask, or several keys, one of them gets three quarters
at most: the rest is for the others.  When all are taken, a question of a user who has a fair share of them already is
refused at once, and one of a user who has less waits: for the next slot that is given back, first the key with the
fewest turns, in it the user with the fewest, in it the first that came.  So a flood is refused without being
remembered, and whoever else asks need not wait for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from dbmedic.assistant.pressure import Pressure
from dbmedic.assistant.rates import Rates
from dbmedic.core.errors import Busy
from dbmedic.core.values import Caller

Waiter: TypeAlias = "asyncio.Future[None]"
RESERVE: Final = 4
"""One part in so many of an account's slots is kept for the others while several ask."""
SHARED_S: Final = 60.0
"""So long after somebody else asked."""
MOST_WAITING: Final = 256
"""Of one key."""


class _Account:
    """What runs and waits of one account: key -> user -> how many, or who in their order."""

    __slots__ = ("key", "keys", "most", "owner", "shared_by_keys", "shared_by_owners", "taken_at", "total", "waiting")

    def __init__(self) -> None:
        self.total = self.most = 0
        self.key = self.owner = ""
        """Whose the last slot was."""
        self.taken_at = self.shared_by_keys = self.shared_by_owners = float("-inf")
        """When it was taken; and when one last went to another key, another user, than the one shortly before."""
        self.keys: dict[str, dict[str, int]] = {}
        self.waiting: dict[str, dict[str, deque[Waiter]]] = {}

    def take(self, key: str, owner: str, now: float) -> None:
        if now - self.taken_at < SHARED_S:
            if owner != self.owner:
                self.shared_by_owners = now
            if key != self.key:
                self.shared_by_keys = now
        self.key, self.owner, self.taken_at = key, owner, now
        self.total += 1
        owners = self.keys.get(key)
        if owners is None:
            self.keys[key] = {owner: 1}
        else:
            owners[owner] = owners.get(owner, 0) + 1

    def give(self, key: str, owner: str) -> None:
        self.total -= 1
        owners = self.keys[key]
        owners[owner] -= 1
        if not owners[owner]:
            del owners[owner]
            if not owners:
                del self.keys[key]

    def shared(self, now: float) -> bool:
        """Whether several ask."""
        return now - max(self.shared_by_owners, self.shared_by_keys) < SHARED_S

    def greedy(self, key: str, owner: str, now: float) -> bool:
        """Whether a key or a user has as much as one may have while others ask, too."""
        most, running = self.most - self.most // RESERVE, self.keys.get(key, {})
        if now - self.shared_by_owners < SHARED_S and running.get(owner, 0) >= most:
            return True
        return now - self.shared_by_keys < SHARED_S and sum(running.values()) >= most

    def may_wait(self, key: str, owner: str) -> bool:
        """Whether a user has less than a fair share, waiting questions included, and the key's queue has room."""
        running, waiting = self.keys.get(key, {}), self.waiting.get(key, {})
        share = max(1, self.most // len({key, *self.keys, *self.waiting}))
        if sum(map(len, waiting.values())) >= min(max(8, self.most), MOST_WAITING):
            return False
        fair = max(1, share // len({owner, *running, *waiting}))
        return running.get(owner, 0) + len(waiting.get(owner, ())) < fair

    def next(self) -> tuple[str, str]:
        """Key and user whose turn it is."""

        def runs(key: str) -> int:
            return sum(self.keys.get(key, {}).values())

        key = min(self.waiting, key=runs)
        owners = self.waiting[key] = self.waiting.pop(key)  # now the last one among its equals
        running = self.keys.get(key, {})
        owner = min(owners, key=lambda owner: running.get(owner, 0))
        owners[owner] = owners.pop(owner)
        return key, owner

    def drop(self, key: str, owner: str, waiter: Waiter) -> None:
        queue = self.waiting[key][owner]
        queue.remove(waiter)
        if not queue:
            del self.waiting[key][owner]
            if not self.waiting[key]:
                del self.waiting[key]


class Admission:
    """Asked before each turn; `leave` must follow each `enter` that returned."""

    def __init__(
        self,
        pressure: Pressure | None = None,
        rates: Rates | None = None,
        *,
        wait_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        refused: Callable[[str, str], None] = lambda _, __: None,
    ) -> None:
        """`refused` is told the API and the error's code of each question that is turned away."""
        self.pressure, self.rates, self._wait_s, self._refused = pressure, rates, wait_s, refused
        self._now = now
        self._accounts: dict[str, _Account] = {}
        self.running = 0
        """Slots that are taken, of all accounts."""
        self.waiting = 0
        """Questions that wait for one."""

    async def enter(self, caller: Caller, most: int, *, api: str = "", patience_s: float = 1e9) -> None:
        """Takes one of the account's `most` slots, at most `patience_s` from now.

        Raises `Overloaded`, `TooOften`, and `Busy` when all slots are taken.
        """
        try:
            if self.pressure is not None and (self.pressure.lacking or self.pressure.tight):
                self.pressure.check(self._runs(caller))
            if self.rates is not None and self.rates.limited(caller):
                await self.rates.take(caller)
            if not self.take(caller, most):
                await self._wait(caller, min(self._wait_s, patience_s))
        except Busy as busy:
            self._refused(api, busy.code)
            raise

    def _runs(self, caller: Caller) -> int:
        """How many turns a user has running at the cost of others; 0 where nobody else asks."""
        account = self._accounts.get(caller.account)
        if account is None or (self.running == account.total and not account.shared(self._now())):
            return 0
        return account.keys.get(caller.key, {}).get(caller.owner, 0)

    def take(self, caller: Caller, most: int) -> bool:
        """Takes a slot if one is free and nobody waits for it."""
        account = self._accounts.get(caller.account)
        if account is None:
            account = self._accounts[caller.account] = _Account()
        account.most = most
        key, owner, now = caller.key, caller.owner, self._now()
        scarce = account.total >= most - most // RESERVE
        if scarce and (account.total >= most or account.waiting or account.greedy(key, owner, now)):
            return False
        account.take(key, owner, now)
        self.running += 1
        return True

    def again(self, caller: Caller, most: int) -> None:
        """Takes a slot for a turn that goes on, up to a quarter above the account's `most`.  Raises `Busy`."""
        account = self._accounts.setdefault(caller.account, _Account())
        if account.total >= most + max(1, most // 4):
            raise Busy(f"turns of account {caller.account}", most)
        account.most = most
        account.take(caller.key, caller.owner, self._now())
        self.running += 1

    def leave(self, caller: Caller) -> None:
        """Gives a slot back: to who waits, if anybody does."""
        account = self._accounts[caller.account]
        account.give(caller.key, caller.owner)
        self.running -= 1
        while account.waiting and account.total < account.most:
            key, owner = account.next()
            waiter = account.waiting[key][owner][0]
            account.drop(key, owner, waiter)
            if not waiter.done():
                account.take(key, owner, self._now())
                self.running += 1
                waiter.set_result(None)

    async def _wait(self, caller: Caller, patience_s: float) -> None:
        account, key, owner = self._accounts[caller.account], caller.key, caller.owner
        full = Busy(f"turns of account {caller.account}", account.most)
        if account.greedy(key, owner, self._now()):
            limit = account.most - account.most // RESERVE
            raise Busy(f"turns of one key or user of account {caller.account} while others ask", limit)
        if patience_s <= 0 or not account.may_wait(key, owner):
            raise full
        waiter: Waiter = asyncio.get_running_loop().create_future()
        account.waiting.setdefault(key, {}).setdefault(owner, deque()).append(waiter)
        self.waiting += 1
        try:
            async with asyncio.timeout(patience_s):
                await waiter
        except BaseException as fault:
            if waiter.done() and not waiter.cancelled():
                self.leave(caller)
            else:
                account.drop(key, owner, waiter)
            if isinstance(fault, TimeoutError):
                raise full from None
            raise
        finally:
            self.waiting -= 1
