"""Everything that can be swapped, as protocols a reader can finish in one sitting.

Built-in parts come in by the same door as strangers': `app.py` builds them and hands them over by name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from dbmedic.core.digest import Digest
from dbmedic.core.events import Entry, Event
from dbmedic.core.history import Asked, History
from dbmedic.core.serverlog import LogSource
from dbmedic.core.values import (
    Agent,
    Attachment,
    EngineFacts,
    Exchange,
    Instance,
    InstanceCard,
    Message,
    Outcome,
    Piece,
    Question,
    Row,
    ToolSpec,
)


class Engine(Protocol):
    """One watched database, read-only at the server too.

    Opens at most two connections, lazily, and closes them when idle.  Every statement is bounded; cancelling the
    task that waits for one cancels the statement on the server.
    """

    name: str
    """The family: "postgres", "mysql", "mariadb", "sqlite"."""

    async def facts(self) -> EngineFacts:
        """Version, role, privileges, settings; cached for a minute.

        Raises `Unreachable` or `SignInFailed`, within 5 s.
        """

    async def rows(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout_s: float = 5.0,
        max_rows: int = 1000,
        database: str | None = None,
    ) -> list[Row]:
        """All rows of one read-only statement, as column -> value.

        Parameters are written `%(name)s` in every engine.  Sizes in bytes, times as aware UTC datetimes, decimals as
        float or int.  At most `max_rows` rows and 8 MiB: what is over is cut, never an error.  Raises `Timeout`,
        `LockBlocked`, `Denied(grant)`, `StatementFailed`, `Unreachable`, and `WriteRefused` for anything but a read.
        """

    async def plan(
        self,
        statement: str,
        /,
        *,
        database: str | None = None,
        schema: str | None = None,
        timeout_s: float = 5.0,
        indexes: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The planner's JSON for a statement of the application, never executed.

        The statement may hold placeholders (`$1`, `?`) as statistics views normalise it.  `indexes` are CREATE INDEX
        statements that the planner is to imagine for this once; nothing is built.  Raises as `rows`, and `Unmeasured`
        where the server cannot imagine an index.
        """

    async def close(self) -> None:
        """Ends the connections; may be called twice."""


class Writer(Protocol):
    """The write account of one watched database, opened for one approved statement and closed after it."""

    async def facts(self) -> tuple[str, str]:
        """Database and role as the server says them.  Raises `Unreachable` or `SignInFailed`."""

    async def execute(self, statement: str, /, *, lock_timeout_s: float = 3.0, timeout_s: float = 600.0) -> Outcome:
        """Runs exactly this one statement, once, outside a transaction block.

        Raises `LockBlocked` when a lock was not had in time (nothing was done), `Timeout`, `Denied`,
        `StatementFailed`, `Unreachable`.
        """

    async def close(self) -> None:
        """Ends the connection; may be called twice."""


class MetricSource(Protocol):
    """What SQL cannot see."""

    name: str

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        """Rows of a family, in base units.

        "disk": volume, used, total, free, ratio of used to used + free, source · "cpu": ratio, cores, source ·
        "memory": total, available, ratio (used), swap_in (bytes per second), source.
        Raises `Unmeasured("no_host_source", …)` where this source cannot know.
        """

    async def close(self) -> None: ...


class Target(NamedTuple):
    """An instance that may be measured now."""

    instance: Instance
    engine: Engine
    metrics: MetricSource
    history: History | None = None
    """What the sampler kept of it; None where nothing is kept."""
    asked: Asked | None = None
    """The stretch of time that the question is about, where it says one."""
    logs: LogSource | None = None
    """Reads the server's own log; None where no log is read."""


class ModelRequest(Struct, frozen=True, kw_only=True):
    """All that a model may know when it replies."""

    question: Question
    instances: tuple[InstanceCard, ...]
    """What the caller may see."""
    history: tuple[Exchange, ...]
    """Earlier turns of the conversation, oldest first."""
    events: tuple[Event, ...]
    """This turn so far."""
    messages: tuple[Message, ...]
    """The same as a chat transcript, system prompt first."""
    tools: tuple[ToolSpec, ...]
    reply: int
    """Number of the reply, from 1."""
    now: datetime
    agent: Agent | None = None
    """Whom the question selected; None is the default agent."""
    attachments: tuple[Attachment, ...] = ()
    """The question's files."""


class Model(Protocol):
    """Whoever decides what to measure next and says the answer: the analyst or a language model."""

    name: str

    def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """The pieces of one reply as they come.  A reply with no `Call` in it ends the turn.

        Raises `ModelDown`.
        """

    async def close(self) -> None: ...


class Bucket(Protocol):
    """Files by name, kept elsewhere.  All raise `BucketFailed`."""

    async def put(self, name: str, file: Path, /) -> None:
        """Keeps the bytes of a file; returns once they are safe."""

    async def get(self, name: str, file: Path, /) -> bool:
        """Writes the bytes to a file; False when there are none of this name."""

    async def close(self) -> None: ...


class Voice(Protocol):
    """Speech to text and back."""

    @property
    def hears(self) -> bool:
        """Whether recordings can be heard."""

    @property
    def speaks(self) -> str:
        """Name of the usual voice; empty where nothing can be said aloud."""

    async def hear(self, audio: Path, name: str, mime: str, /) -> str:
        """What was said in a recording.  Raises `ModelDown`."""

    def speak(self, text: str, voice: str | None, /) -> AsyncIterator[bytes]:
        """A text as MP3, in pieces as they come; `voice` None is the usual one.  Raises `ModelDown`."""

    async def close(self) -> None: ...


class Embedder(Protocol):
    """Turns texts into vectors, near each other when they mean alike."""

    name: str
    """Of the model; vectors of two models are never compared."""

    async def embed(self, texts: Sequence[str], /) -> list[list[float]]:
        """One for each text.  Raises `ModelDown`."""

    async def close(self) -> None: ...


class Reranker(Protocol):
    """Reads a query and texts together, and says how much each text speaks of it."""

    name: str

    async def rank(self, query: str, texts: Sequence[str], /) -> list[float]:
        """A score for each text, higher is nearer.  Raises `ModelDown`."""

    async def close(self) -> None: ...


class Store(Protocol):
    """Where everything that was said is kept.  Statements are named, in `store/queries.sql`."""

    async def read(self, name: str, /, **params: Any) -> list[Row]:
        """Rows of a named read, as of the last commit."""

    async def write(self, *writes: tuple[str, dict[str, Any]]) -> list[list[Row]]:
        """Runs named writes in order in one transaction; returns the rows of each, once all are durable.

        Raises and leaves nothing behind when one fails.
        """

    async def append(self, entries: Sequence[Entry], /, *writes: tuple[str, dict[str, Any]]) -> None:
        """Adds entries to their turns' logs, and runs named writes in the same transaction; returns once durable."""

    def digest(self, turn: str, /) -> Digest | None:
        """Over the log of a turn that was written through this store from its first row to its last; told once.

        None: not known, the log is to be read.
        """

    async def version(self) -> int:
        """Grows whenever keys, users, accounts, apps or instances changed, by any process: caches of them are stale."""

    async def close(self) -> None: ...


class Ticket(NamedTuple):
    """A turn's right to run: a slot of its account, and its conversation where it has one already."""

    id: str
    account: str
    conversation: str | None


class Batch(NamedTuple):
    """What a turn said within some milliseconds, elsewhere."""

    number: int
    """From 1, without gaps, for each run; a gap means that some was lost on the way."""
    entries: tuple[Entry, ...]
    """Empty: nothing more comes of this run."""


class Following(Protocol):
    """A turn that runs elsewhere, followed."""

    async def next(self, timeout_s: float) -> Batch | None:
        """The next batch, None when there is none in time.  A batch may come twice."""

    def close(self) -> None: ...


class Bus(Protocol):
    """What the replicas of one dbmedic tell each other while they live.  What must last is in the store.

    All that wait raise `BusFailed`, except where it is said.
    """

    lease_s: float
    """A replica that was silent for this long no longer runs what it ran."""

    async def open(self, stop: Callable[[str, str], Awaitable[None]], *, idle: bool = False) -> None:
        """Begins to listen; `stop` is told which turn is to end here, and by whose key; `idle`: none runs anywhere."""

    async def enter(self, ticket: Ticket, most: int) -> str:
        """Says "in", or what is taken: "account" when it has `most` turns already, or "conversation".

        "young" is a bus that came back empty and does not know yet what runs: it is asked again.
        """

    async def leave(self, ticket: Ticket) -> None:
        """Gives it back; never raises."""

    async def hold(self, turn: str, ticket: Ticket) -> None:
        """Says that this replica runs a turn, until `drop`; its conversation, when it is a new one, is the ticket's."""

    async def drop(self, turn: str) -> None:
        """Never raises."""

    async def holders(self, turns: Sequence[str]) -> list[str | None]:
        """The replica that runs each turn."""

    async def stop(self, turn: str, by: str) -> bool:
        """Asks whoever runs a turn to end it; False when nobody does."""

    async def pace(self, names: Sequence[str], rates: Sequence[int]) -> tuple[bool, list[float]]:
        """Takes one question from each bucket, of so many a minute, if each has one.

        Whether it did, and in how many seconds each bucket is full again.
        """

    async def first(self, job: str, for_s: float) -> bool:
        """Whether this replica is the one to do a job; it stays so while it asks again within `for_s`."""

    def publish(self, turn: str, entries: Sequence[Entry], *, last: bool = False) -> None:
        """Sends what a turn said to whoever follows it elsewhere; what cannot be sent is left out."""

    async def follow(self, turn: str) -> Following:
        """A turn's batches from the first one that is still kept."""

    async def close(self) -> None: ...


Say = Callable[[Event], Awaitable[None]]
"""To the log of the turn and to whoever follows it."""

NewId = Callable[[], str]
Now = Callable[[], datetime]
OpenEngine = Callable[[Instance], Engine]
OpenWriter = Callable[[Instance, str], Writer]
"""Of an instance that has a write URL, and for a database of it ("": the URL's own); connects when first asked."""
