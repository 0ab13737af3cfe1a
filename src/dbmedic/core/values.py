"""The nouns of dbmedic: frozen, typed, JSON-able, without behaviour but arithmetic on themselves.

Units everywhere inside: bytes, seconds, ratios 0..1, counts, aware UTC datetimes.  Only `kit/units.py` turns
them into words, only a projection or a renderer chooses the reader's language and time zone.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct, field

Level: TypeAlias = Literal["normal", "warning", "error", "failed"]
Confidence: TypeAlias = Literal["measured", "estimate", "heuristic"]
Unit: TypeAlias = Literal[
    "bytes", "seconds", "ratio", "count", "per_second", "bytes_per_second", "time", "ident", "text", "sql"
]
Right: TypeAlias = Literal["ask", "approve", "administer"]
ApprovalMode: TypeAlias = Literal["read_only", "manual", "auto"]
Row: TypeAlias = dict[str, Any]

REASONS = (
    "permission", "extension_missing", "feature_off", "not_in_version", "timeout",
    "lock_blocked", "no_history", "skipped_overload", "no_host_source", "no_log_source",
)  # fmt: skip
"""Why a check ended as `failed`; the only ten."""


# -- who asks ---------------------------------------------------------------------------------------------------


class Caller(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who speaks: a key of a user of an account, and for a Dify app the end user's own text."""

    account: str
    user: str
    key: str
    app: str | None = None
    """Id of the app (the agent) that the key belongs to."""
    end_user: str | None = None
    """The text a Dify client sends as `user`."""
    rights: tuple[Right, ...] = ("ask",)
    instances: tuple[str, ...] | None = None
    """Ids of the instances the key may touch; None is every instance of the account."""

    @property
    def owner(self) -> str:
        """Whom a conversation belongs to: the user, or (app, end-user text)."""
        return f"user:{self.user}" if self.app is None else f"app:{self.app}:{self.end_user or ''}"


class Question(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question as an API understood it.  Language and zone are None where the caller did not say."""

    text: str
    caller: Caller
    api: str
    """The wire it came by: "dify", "rdsai", "cli" …"""
    conversation: str | None = None
    parent: str | None = None
    instance: str | None = None
    """Instance named in a field of the request (not in the text)."""
    agent: str | None = None
    model: str | None = None
    thinking: str | None = None
    files: tuple[str, ...] = ()
    language: str | None = None
    """BCP 47 tag."""
    zone: str | None = None
    """IANA time zone."""
    approval: ApprovalMode = "manual"
    inputs: dict[str, Any] = {}
    """The request's own form fields, for the history of its wire."""
    instructions: str = ""
    """How the asker's program wants answers to be: style and scope; it never lifts a rule."""
    earlier: tuple[Exchange, ...] = ()
    """The conversation so far, where a client keeps it itself and it is not one of ours."""
    before: int = 0
    """Questions of its conversation that came before it, where the wire tells."""


class Attachment(Struct, frozen=True, kw_only=True):
    """A file of a question, as text or as an image."""

    name: str
    text: str
    image: str = ""
    """A `data:` URL of an image, whose text is then empty."""
    earlier: bool = False
    """It came with an earlier question of the conversation."""


class Skill(Struct, frozen=True, kw_only=True):
    """What an agent has been taught, in somebody's own words."""

    name: str
    description: str
    texts: dict[str, str]
    """Engine ("postgres", "mysql" …) -> text."""


class Agent(Struct, frozen=True, kw_only=True):
    """Who answers, as one published version says: its prompt, the tools it may use, its skills."""

    id: str
    version: int
    name: str
    prompt: str
    tools: tuple[str, ...] | None = None
    """Names of the tools it may use; None is all of them."""
    skills: tuple[Skill, ...] = ()
    model: str = ""
    """Name of the model it speaks with, unless the question names one; empty: the default."""
    thinking: str = ""
    """How much it thinks, unless the question says."""


# -- what is watched --------------------------------------------------------------------------------------------


class Instance(Struct, frozen=True, kw_only=True):
    """A watched database.  Holds its password, hence never part of an event and never printed whole."""

    id: str
    url: str
    account: str = "default"
    name: str = ""
    region: str = ""
    tags: dict[str, str] = {}
    storage_bytes: int | None = None
    """Allocated volume size, typed in at registration."""
    metrics_url: str | None = None
    """Base URL of a Prometheus server."""
    write_url: str | None = None
    rows: Literal["never", "allow"] = "never"
    """Whether `tools/query.py` may read rows of user tables."""
    created_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Instance({self.id})"


class EngineFacts(Struct, frozen=True, kw_only=True):
    """What an engine says of itself and of our account, read once per connection."""

    engine: str
    """"postgres", "mysql", "mariadb", "sqlite", "redis": the `[on.…]` key of a check."""
    version: tuple[int, ...]
    """Numeric, most significant first: (15, 20), (10, 11, 19), (3, 54, 1)."""
    version_text: str
    database: str
    role: str
    """Our account on that server."""
    superuser: bool = False
    standby: bool = False
    started_at: datetime | None = None
    server_time: datetime | None = None
    extensions: dict[str, str] = {}
    """Installed in `database`: name -> version."""
    privileges: frozenset[str] = frozenset()
    """Names that `access` of a check may ask for: "pg_monitor", "PROCESS", "performance_schema" …"""
    settings: dict[str, str] = {}
    databases: tuple[str, ...] = ()
    """User databases (schemas on MySQL) that the account can see, largest first where sizes are known."""
    relation_count: int = 0
    data_directory: str | None = None
    """Path on the server's own host, where the account may read it."""
    local: bool = False
    """The server runs on this machine, so host metrics of this machine are its own."""


# -- what was measured ------------------------------------------------------------------------------------------


class Measure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of measured values about one object, with units: every number of an answer is in one of these."""

    id: str
    """Unique within its turn: "m1", "m2" …"""
    what: str
    """Id of the check, or the name of the metric family ("disk", "cpu" …)."""
    instance: str
    object: str
    """Name of table, index, session, statement …; the instance id where the row is about the whole instance."""
    values: dict[str, Any]
    units: dict[str, Unit]
    source: str
    """Where it came from: "pg_stat_user_tables", "host", "prometheus", "allocated" …"""
    at: datetime
    window_s: float | None = None
    """Length of the interval for values that are differences of two samples."""


class Fix(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proposed change; a person approves exactly this statement."""

    statement: str
    safety: str
    """Code of the catalogue: ON, SUE, SH, SRE, AX, RL, RS, INST, INPL, COPY, KILL, FILE, MAN."""
    rollback: str | None = None
    dangerous: bool = False
    """Needs a second confirmation that names the object."""
    planned: bool = False
    """The statement was parsed by dbmedic, and planned on the target where the engine can plan it."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row that crossed a level of its check."""

    check: str
    instance: str
    object: str
    level: Literal["warning", "error"]
    measure: str
    """Id of the `Measure` with the values that the words and the level rest on."""
    confidence: Confidence = "measured"
    fix: Fix | None = None
    posture: bool = False
    """Security, backup, HA, version, logging: never the cause of a performance symptom (gate G9)."""

    @property
    def key(self) -> str:
        """By which it is muted, compared and linked."""
        return f"{self.check}:{self.object}"


class Passage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a document that an answer may cite."""

    id: str
    library: str
    """Id of the dataset."""
    document: str
    """Id of the document."""
    position: int
    """In its document, from 1."""
    text: str
    score: float
    """How much of the query it speaks of, 0..1."""
    library_name: str = ""
    title: str = ""
    """Name of the document."""


# -- talking to a model -----------------------------------------------------------------------------------------


class ToolSpec(Struct, frozen=True, kw_only=True):
    """A tool as a model sees it."""

    name: str
    description: str
    schema: dict[str, Any]
    """JSON Schema of the arguments."""
    writes: bool = False


class Proposal(Struct, frozen=True, kw_only=True):
    """A change that a tool would make; nothing was done yet."""

    instance: str
    statement: str
    """Exactly what will run."""
    kind: str
    """Class of the change that a rule may name: "create_index", "end_session", "setting", "statement" …"""
    risk: str
    """What it does to others while it runs, in words: its lock, its load, what it cannot undo."""
    description: str
    """What it is for, in words."""
    database: str = ""
    role: str = ""
    """The account that will run it."""
    dangerous: bool = False
    """It loses data, ends other people's work or blocks writers: a rule may want two people."""
    rollback: str | None = None
    """The way back, as a statement."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What one statement did."""

    rows: int | None = None
    """Rows affected, where the server says."""
    notices: tuple[str, ...] = ()
    took_s: float = 0.0


class Call(Struct, frozen=True, tag="call"):
    """A model asks for a tool."""

    id: str
    tool: str
    args: dict[str, Any]


class Text(Struct, frozen=True, tag="text"):
    """A piece of the answer, any size."""

    text: str


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """A piece of what a model thinks; never part of the answer."""

    text: str


class Usage(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="usage"):
    """What a model reply, or a whole turn, cost.  Tokens are zero for the analyst."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_s: float = 0.0
    first_token_s: float | None = None
    prompt_unit_price: Decimal = Decimal(0)
    """Of a million tokens; of several replies the last one's."""
    completion_unit_price: Decimal = Decimal(0)
    prompt_price: Decimal = Decimal(0)
    completion_price: Decimal = Decimal(0)
    currency: str = "USD"

    def __add__(self, other: Usage) -> Usage:
        if self is NO_USAGE:
            return other
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            latency_s=self.latency_s + other.latency_s,
            first_token_s=self.first_token_s if self.first_token_s is not None else other.first_token_s,
            prompt_unit_price=other.prompt_unit_price or self.prompt_unit_price,
            completion_unit_price=other.completion_unit_price or self.completion_unit_price,
            prompt_price=self.prompt_price + other.prompt_price,
            completion_price=self.completion_price + other.completion_price,
            currency=other.currency if other.prompt_price or other.completion_price else self.currency,
        )


NO_USAGE: Final = Usage()
"""What every sum begins with."""


class Rests(Struct, frozen=True, tag="rests"):
    """Ids of the measures and citations that the text of this reply rests on; sent once, after the text."""

    on: tuple[str, ...]


Piece: TypeAlias = Text | Reasoning | Call | Usage | Rests
"""What a model's reply is made of, in the order it comes."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of a model's context."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    calls: tuple[Call, ...] = ()
    call: str | None = None
    """For role "tool": id of the call it answers."""
    images: tuple[str, ...] = ()
    """`data:` URLs; a model that sees no images is told so instead."""


class Exchange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An earlier turn of the conversation, as short as a follow-up needs it."""

    question: str
    answer: str
    instance: str | None = None
    symptom: str | None = None
    language: str | None = None
    at: datetime | None = None


class InstanceCard(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be said of an instance to a model or a reader: no URL, no secret."""

    id: str
    engine: str = ""
    name: str = ""
    region: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    writable: bool = False
    """It has a write account, so an approved change can be made."""
