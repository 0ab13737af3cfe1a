"""The tree of errors, by whose turn it is to act.

    Failure
    ├── BadAsk            the asker can mend it
    │   ├── BadField          a field is missing, of the wrong type, too long, out of range
    │   ├── TooLarge          a whole request or question is too large
    │   ├── NotFound          an id that the caller does not own, or that never was
    │   └── UnknownInstance   an instance named in a field that the caller cannot see
    ├── Refused           our rules say no
    │   ├── NotSignedIn       no key, or one we do not know
    │   ├── Forbidden         the key lacks a right
    │   ├── Busy              a limit of parallel turns is reached
    │   │   ├── TooOften          a key, or one of its users, asks more often than it may
    │   │   └── Overloaded        the server has as much to do as it can do in time
    │   ├── WriteRefused      anything but a read reached a watched database's session
    │   ├── FolderTaken       another process holds the data folder
    │   ├── WrongKey          the data folder was made with another key
    │   └── StoreTooNew       a newer dbmedic wrote this store
    ├── OutsideFailed     something we talk to did not do its part
    │   ├── Unreachable       no connection
    │   │   ├── NoSlotLeft        the server answered that it has no connection left to give
    │   │   └── AccountFull       the server has some left, and none for our account
    │   ├── SignInFailed      the server refused our account
    │   ├── Denied            the account may not read this; names the grant
    │   ├── Timeout           our own time limit on a statement ran out
    │   ├── LockBlocked       a lock on the server kept us waiting past the limit
    │   ├── StatementFailed   the server answered with any other error
    │   ├── Unmeasured        a source cannot see what is asked; carries one of the ten reasons
    │   ├── ModelDown         the language model failed
    │   ├── BucketFailed      the bucket for files did not do its part
    │   ├── BusFailed         the bus between replicas did not do its part
    │   ├── StoreFull         no room for our own store to write
    │   ├── StoreLocked       another process keeps our store's write lock
    │   └── StoreFailed       our store's file cannot be opened, read or written
    └── Bug               us

Every class has a stable `code`; `str(error)` names the thing, the limit and the way out.
"""

from __future__ import annotations

from collections.abc import Sequence


class Failure(Exception):
    """Anything dbmedic raises on purpose."""

    code = "failure"


class BadAsk(Failure):
    """The question cannot be answered as it was put."""

    code = "bad_ask"


class BadField(BadAsk):
    """A field is missing, of the wrong type, too long or out of range."""

    code = "bad_field"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


class TooLarge(BadAsk):
    """A request is larger than the limit."""

    code = "too_large"

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(f"{what}: {size} is over the limit of {limit}; send less")
        self.what, self.size, self.limit = what, size, limit


class NotFound(BadAsk):
    """An id that does not exist for this caller."""

    code = "not_found"

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{kind} {id!r} does not exist")
        self.kind, self.id = kind, id


class UnknownInstance(BadAsk):
    """An instance named in a field that is not registered for this caller."""

    code = "unknown_instance"

    def __init__(self, instance: str, visible: Sequence[str] = ()) -> None:
        known = ", ".join(visible) or "none"
        super().__init__(f"instance {instance!r} is not registered; instances you may use: {known}")
        self.instance, self.visible = instance, tuple(visible)


class Refused(Failure):
    """A rule of dbmedic says no."""

    code = "refused"


class NotSignedIn(Refused):
    """No key, or one that does not exist or was revoked."""

    code = "not_signed_in"


class Forbidden(Refused):
    """The key exists but lacks a right."""

    code = "forbidden"


class Busy(Refused):
    """Too many turns at once."""

    code = "busy"

    def __init__(self, what: str, limit: int, retry_after_s: int = 5) -> None:
        reached = f": at most {limit} at once" if limit else ""
        super().__init__(f"{what}{reached}; try again in {retry_after_s} s")
        self.limit, self.retry_after_s = limit, retry_after_s


class TooOften(Busy):
    """A key, or one of its users, asks more often than it may."""

    code = "too_often"

    def __init__(self, what: str, limit: int, retry_after_s: int) -> None:
        super(Busy, self).__init__(f"{what}: at most {limit} questions a minute; try again in {retry_after_s} s")
        self.limit, self.retry_after_s = limit, retry_after_s


class Overloaded(Busy):
    """The server has as much to do as it can do in time, or ends."""

    code = "overloaded"

    def __init__(self, what: str, retry_after_s: int = 5) -> None:
        """`what` names what is short, and its limit."""
        super().__init__(what, 0, retry_after_s)


class WriteRefused(Refused):
    """A statement that may do more than read was kept from a watched database."""

    code = "write_refused"

    def __init__(self, statement: str, why: str) -> None:
        super().__init__(f"refused: {why}")
        self.statement, self.why = statement, why


class FolderTaken(Refused):
    """Another process serves this data folder."""

    code = "folder_taken"


class WrongKey(Refused):
    """The data folder was made with another key than the one at hand."""

    code = "wrong_key"


class StoreTooNew(Refused):
    """The store was written by a newer dbmedic, whose schema this one does not know."""

    code = "store_too_new"

    def __init__(self, place: str, found: int, known: int) -> None:
        super().__init__(
            f"{place} has schema version {found}, this dbmedic knows up to {known}; install the newer dbmedic again"
        )
        self.found, self.known = found, known


class OutsideFailed(Failure):
    """Something dbmedic talks to did not do its part."""

    code = "outside_failed"
    reason: str = "permission"
    """Which of the ten reasons a check that met this error ends with."""


class Unreachable(OutsideFailed):
    """No connection to the server."""

    code = "unreachable"
    reason = "timeout"


class NoSlotLeft(Unreachable):
    """The server answered, and has no connection left to give."""

    code = "no_slot_left"
    reason = "timeout"


class AccountFull(Unreachable):
    """Our account has as many connections as it may."""

    code = "account_full"
    reason = "timeout"


class SignInFailed(OutsideFailed):
    """The server refused our account."""

    code = "sign_in_failed"
    reason = "permission"


class Denied(OutsideFailed):
    """The account may not read this."""

    code = "denied"
    reason = "permission"

    def __init__(self, sentence: str, grant: str | None = None) -> None:
        super().__init__(sentence)
        self.grant = grant


class Timeout(OutsideFailed):
    """Our own limit on a statement ran out; the server was told to cancel it."""

    code = "timeout"
    reason = "timeout"

    def __init__(self, timeout_s: float, what: str = "statement") -> None:
        super().__init__(f"{what} took longer than {timeout_s:g} s and was cancelled")
        self.timeout_s = timeout_s


class LockBlocked(OutsideFailed):
    """A lock kept us waiting past the limit."""

    code = "lock_blocked"
    reason = "lock_blocked"


class StatementFailed(OutsideFailed):
    """The server answered with an error; `sqlstate` is its code where it has one."""

    code = "statement_failed"
    reason = "not_in_version"

    def __init__(self, sentence: str, sqlstate: str = "") -> None:
        super().__init__(sentence)
        self.sqlstate = sqlstate


class Unmeasured(OutsideFailed):
    """A source cannot see what is asked."""

    code = "unmeasured"

    def __init__(self, reason: str, sentence: str, grant: str | None = None) -> None:
        super().__init__(sentence)
        self.reason, self.grant = reason, grant


class ModelDown(OutsideFailed):
    """The language model failed."""

    code = "model_down"

    def __init__(self, sentence: str, *, will_retry: bool = False) -> None:
        super().__init__(sentence)
        self.will_retry = will_retry


class StoreFull(OutsideFailed):
    """There is no room for our own store to write; nothing of this write was kept."""

    code = "store_full"


class BucketFailed(OutsideFailed):
    """The bucket for files did not do its part."""

    code = "bucket_failed"


class BusFailed(OutsideFailed):
    """The bus between replicas did not do its part."""

    code = "bus_failed"


class StoreLocked(OutsideFailed):
    """Another process kept our store's write lock past the limit; nothing of this write was kept."""

    code = "store_locked"


class StoreFailed(OutsideFailed):
    """Our own store's file cannot be opened, read or written."""

    code = "store_failed"


class Bug(Failure):
    """Our own fault."""

    code = "bug"
