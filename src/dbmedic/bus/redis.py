"""The `Bus` over Redis or Valkey: one stream of live events a running turn, one inbox a replica, and keys that expire.

Everything here is for a while: what must last is in the store.  A lost connection is made again; what could not be sent
meanwhile is left out, and the number of the next batch shows followers that they missed some.

    turn:<turn>       stream: n (number of the batch from 1), b (entries as JSON; none: the end)
    lease:<turn>      the replica that runs it, as long as it says so
    talk:<id>         the ticket that has the conversation
    slots:<account>   tickets of its running turns, by when each ends unless it is renewed
    inbox:<replica>   stream: stop (a turn), by (whose key); or nothing, to wake the reader
    job:<name>        the replica that does it now
    pace:<name>       the millisecond at which a bucket of questions is full again
    ripe              since when turns are let in: a Redis that came back empty is told first what runs
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec
import redis.asyncio as redis_asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from dbmedic.bus.scripts import ENTER, LEAVE, PACE, RENEW
from dbmedic.core.errors import BadField, BusFailed
from dbmedic.core.events import Entry
from dbmedic.core.ports import Batch, Ticket

logger = structlog.get_logger("dbmedic.bus")

LEASE_S: Final = 10.0
"""A replica that was silent for this long no longer runs what it ran."""
BEAT_S: Final = 3.0
SEND_S: Final = 0.02
"""Batches of all turns gather this long, and go out together."""
MOST_BATCHES: Final = 4096
"""Of one turn; a follower that comes later reads the store first."""
KEPT_S: Final = 60
"""How long a stream stays behind its last batch."""
MOST_WAITING: Final = 2000
"""Batches that wait to be sent while there is no connection; more are left out."""
BLOCK_MS: Final = 2000
TIMEOUT_S: Final = 5.0

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Entry]).decode


class _Out(NamedTuple):
    """A batch that waits to be sent."""

    turn: str
    number: int
    body: bytes
    last: bool


class Redis:
    """A `Bus` (see `core/ports.py`), used from the event loop on which it was opened."""

    def __init__(self, url: str, replica: str, *, prefix: str = "dbmedic:", lease_s: float = LEASE_S) -> None:
        """`replica` names this process and no other.  Raises `BadField("bus")`."""
        self.replica, self.lease_s = replica, lease_s
        self._prefix = prefix
        options: dict[str, Any] = {
            "retry": Retry(ExponentialBackoff(cap=0.5, base=0.02), 6),
            "retry_on_error": [redis_asyncio.ConnectionError, redis_asyncio.TimeoutError],
            "socket_connect_timeout": TIMEOUT_S,
            "socket_keepalive": True,
            "protocol": 2,
        }
        try:
            self._client = redis_asyncio.Redis.from_url(url, socket_timeout=TIMEOUT_S, **options)
            self._reader = redis_asyncio.Redis.from_url(url, socket_timeout=TIMEOUT_S + BLOCK_MS / 1000, **options)
        except ValueError as error:
            raise BadField("bus", "bus: this is not an address such as redis://127.0.0.1:6379/0") from error
        where = self._client.connection_pool.connection_kwargs
        self.place = f"redis://{where.get('host', where.get('path', ''))}:{where.get('port', '')}"
        self._tickets: dict[str, Ticket] = {}
        self._leases: set[str] = set()
        self._out: list[_Out] = []
        self._numbers: dict[str, int] = {}
        self._sending: asyncio.Task[None] | None = None
        self._followers: dict[str, list[asyncio.Queue[Batch]]] = {}
        self._after: dict[str, str] = {}
        self._stop: Callable[[str, str], Awaitable[None]] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def open(self, stop: Callable[[str, str], Awaitable[None]], *, idle: bool = False) -> None:
        """Begins to listen; `stop` is told which turn is to end, and by whose key.  Raises `BusFailed`.

        `idle`: no turn runs anywhere, so that an empty Redis has nothing to learn.
        """
        self._stop = stop
        await self._ask(self._client.set(self._ripe, 0, nx=True) if idle else self._client.ping())
        self._tasks = [
            asyncio.create_task(self._read(), name="bus reader"),
            asyncio.create_task(self._beat(), name="bus leases"),
        ]

    # -- who runs what --------------------------------------------------------------------------------------------

    async def enter(self, ticket: Ticket, most: int) -> str:
        """ "in", what is full ("account", "conversation"), or "young": ask again.  Raises `BusFailed`."""
        keys = [self._key("slots", ticket.account), self._ripe]
        if ticket.conversation:
            keys.append(self._key("talk", ticket.conversation))
        said = await self._ask(self._client.eval(ENTER, len(keys), *keys, ticket.id, self._lease_ms, most))
        outcome = cast(bytes, said).decode()
        if outcome == "in":
            self._tickets[ticket.id] = ticket
        return outcome

    async def leave(self, ticket: Ticket) -> None:
        """Gives slot and conversation free; a bus that does not answer forgets them by itself."""
        self._tickets.pop(ticket.id, None)
        try:
            pipeline = self._client.pipeline(transaction=False)
            pipeline.zrem(self._key("slots", ticket.account), ticket.id)
            if ticket.conversation:
                pipeline.eval(LEAVE, 1, self._key("talk", ticket.conversation), ticket.id)
            await self._ask(pipeline.execute())
        except BusFailed as failure:
            logger.warning("slot not given free", error=str(failure))

    async def hold(self, turn: str, ticket: Ticket) -> None:
        """Says that this replica runs a turn, until `drop`; its conversation, when it is a new one, is the ticket's."""
        self._leases.add(turn)
        self._tickets[ticket.id] = ticket
        pipeline = self._client.pipeline(transaction=False)
        pipeline.set(self._key("lease", turn), self.replica, px=self._lease_ms)
        if ticket.conversation:
            pipeline.set(self._key("talk", ticket.conversation), ticket.id, px=self._lease_ms)
        await self._ask(pipeline.execute())

    async def drop(self, turn: str) -> None:
        self._leases.discard(turn)
        self._numbers.pop(turn, None)
        try:
            await self._ask(self._client.eval(LEAVE, 1, self._key("lease", turn), self.replica))
        except BusFailed as failure:
            logger.warning("lease not given free", turn=turn, error=str(failure))

    async def holders(self, turns: Sequence[str]) -> list[str | None]:
        """The replica that runs each turn.  Raises `BusFailed`."""
        if not turns:
            return []
        found = await self._ask(self._client.mget([self._key("lease", turn) for turn in turns]))
        return [name.decode() if name else None for name in found]

    async def stop(self, turn: str, by: str) -> bool:
        """Asks the replica that runs a turn to end it; False when none does.  Raises `BusFailed`."""
        (holder,) = await self.holders([turn])
        if holder is None:
            return False
        inbox = self._key("inbox", holder)
        await self._ask(self._client.xadd(inbox, {"stop": turn, "by": by}, maxlen=1000, approximate=True))
        return True

    async def first(self, job: str, for_s: float) -> bool:
        """Whether this replica is to do a job now; it may go on doing so as long as it asks within `for_s`."""
        key, value = self._key("job", job), self.replica
        if await self._ask(self._client.set(key, value, px=round(for_s * 1000), nx=True)):
            return True
        if (await self._ask(self._client.get(key)) or b"").decode() != value:
            return False
        await self._ask(self._client.pexpire(key, round(for_s * 1000)))
        return True

    async def pace(self, names: Sequence[str], rates: Sequence[int]) -> tuple[bool, list[float]]:
        keys = [self._key("pace", name) for name in names]
        taken, *left = await self._ask(self._client.eval(PACE, len(keys), *keys, *rates))
        return bool(taken), [ms / 1000 for ms in left]

    # -- live events ----------------------------------------------------------------------------------------------

    def publish(self, turn: str, entries: Sequence[Entry], *, last: bool = False) -> None:
        """Sends entries of a turn to whoever follows it elsewhere; never waits, `last` ends its stream."""
        number = self._numbers[turn] = self._numbers.get(turn, 0) + 1
        if len(self._out) < MOST_WAITING or last:
            self._out.append(_Out(turn, number, _encode(entries), last))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(), name="bus sender")

    async def follow(self, turn: str) -> Redis.Following:
        """A turn's batches from the first one that is still kept.  Raises `BusFailed`."""
        following = Redis.Following(self, turn)
        try:
            after = "0-0"
            for id, fields in await self._ask(self._client.xrange(self._key("turn", turn))):
                after = id.decode()
                following.queue.put_nowait(_batch(fields))
            if turn not in self._after or _place(after) < _place(self._after[turn]):
                self._after[turn] = after
            await self._wake()
        except BaseException:
            following.close()
            raise
        return following

    class Following:
        """See `core/ports.py`.  Hears from its making on, so that nothing falls between what was and what comes."""

        def __init__(self, bus: Redis, turn: str) -> None:
            self.queue: asyncio.Queue[Batch] = asyncio.Queue()
            self._bus, self._turn = bus, turn
            bus._followers.setdefault(turn, []).append(self.queue)

        async def next(self, timeout_s: float) -> Batch | None:
            try:
                async with asyncio.timeout(timeout_s):
                    return await self.queue.get()
            except TimeoutError:
                return None

        def close(self) -> None:
            """May be called twice."""
            bus, queues = self._bus, self._bus._followers.get(self._turn, [])
            if self.queue in queues:
                queues.remove(self.queue)
            if not queues:
                bus._followers.pop(self._turn, None)
                bus._after.pop(self._turn, None)

    async def close(self) -> None:
        """Sends what waits, then ends the connections; may be called twice."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=TIMEOUT_S)
            self._sending.cancel()
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._client.aclose()
        await self._reader.aclose()

    # -- inside ---------------------------------------------------------------------------------------------------

    @property
    def _ripe(self) -> str:
        return f"{self._prefix}ripe"

    @property
    def _lease_ms(self) -> int:
        return round(self.lease_s * 1000)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}{kind}:{name}"

    async def _ask(self, asked: Any) -> Any:
        try:
            answer = await asked
        except (RedisError, OSError) as error:
            raise BusFailed(f"{self.place} does not answer: {error}") from error
        return answer

    async def _wake(self) -> None:
        await self._ask(self._client.xadd(self._key("inbox", self.replica), {"wake": "1"}, maxlen=1000))

    async def _send(self) -> None:
        while self._out:
            await asyncio.sleep(SEND_S)
            batch, self._out = self._out, []
            pipeline = self._client.pipeline(transaction=False)
            for turn, number, body, last in batch:
                key = self._key("turn", turn)
                if number == 1:
                    pipeline.delete(key)
                pipeline.xadd(key, {"n": number, "b": body}, maxlen=MOST_BATCHES, approximate=True)
                if number == 1 or last:
                    pipeline.expire(key, KEPT_S if last else 86_400)
            try:
                await self._ask(pipeline.execute())
            except BusFailed as failure:
                logger.warning("live events not sent", batches=len(batch), error=str(failure))

    async def _beat(self) -> None:
        while not self._closed:
            await asyncio.sleep(min(BEAT_S, self.lease_s / 5))
            await self._renew()

    async def _renew(self) -> None:
        """Says again what this replica holds; a bus that came back empty learns it by that."""
        leases, tickets = list(self._leases), list(self._tickets.values())
        accounts: dict[str, list[Ticket]] = {}
        for ticket in tickets:
            accounts.setdefault(ticket.account, []).append(ticket)
        pipeline = self._client.pipeline(transaction=False)
        for turn in leases:
            pipeline.set(self._key("lease", turn), self.replica, px=self._lease_ms)
        for account, its in accounts.items():
            slots = self._key("slots", account)
            talks = [self._key("talk", one.conversation) if one.conversation else slots for one in its]
            keys = [slots, self._ripe, *talks]
            pipeline.eval(RENEW, len(keys), *keys, self._lease_ms, *(one.id for one in its))
        pipeline.expire(self._key("inbox", self.replica), 86_400)
        try:
            await self._ask(pipeline.execute())
        except BusFailed as failure:
            logger.warning("leases not renewed", error=str(failure))
            return
        # What ended meanwhile was given back before it was renewed.
        for turn in leases:
            if turn not in self._leases:
                await self.drop(turn)
        for ticket in tickets:
            if ticket.id not in self._tickets:
                await self.leave(ticket)

    async def _read(self) -> None:
        """Reads the inbox and every stream that somebody follows, over one connection."""
        inbox, seen, lost = self._key("inbox", self.replica), "0", False
        while not self._closed:  # the client may swallow a cancellation
            turns = list(self._after)
            places = {inbox: seen, **{self._key("turn", turn): self._after[turn] for turn in turns}}
            try:
                found = await self._ask(self._reader.xread(cast(Any, places), block=BLOCK_MS, count=500))
            except BusFailed as failure:
                if not lost:
                    logger.warning("bus not heard", error=str(failure))
                lost = True
                await asyncio.sleep(SEND_S)
                continue
            lost = False
            named = {self._key("turn", turn): turn for turn in turns}
            for key, messages in found or ():
                if key.decode() == inbox:
                    seen = messages[-1][0].decode()
                    for _, fields in messages:
                        await self._stopped(fields)
                    continue
                turn = named[key.decode()]
                if self._after.get(turn) == places[key.decode()]:
                    self._after[turn] = messages[-1][0].decode()
                for _, fields in messages:
                    for queue in self._followers.get(turn, ()):
                        queue.put_nowait(_batch(fields))

    async def _stopped(self, fields: dict[bytes, bytes]) -> None:
        if self._stop is not None and b"stop" in fields:
            await self._stop(fields[b"stop"].decode(), fields[b"by"].decode())


def _place(id: str) -> tuple[int, int]:
    time_ms, _, number = id.partition("-")
    return int(time_ms), int(number)


def _batch(fields: dict[bytes, bytes]) -> Batch:
    return Batch(int(fields[b"n"]), tuple(_decode(fields[b"b"])))
