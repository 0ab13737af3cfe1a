"""What a fault is: what is wrong, how people ask without naming it, and what a right answer must say.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from faults.scene import Scene

Step: TypeAlias = str | float
"""A statement, or seconds to wait."""
Unit: TypeAlias = Literal["count", "seconds", "bytes", "ratio"]


@dataclass(frozen=True)
class Script:
    """Steps played one after the other on one connection."""

    steps: Sequence[Step]
    weight: float = 1.0


@dataclass(frozen=True)
class Client:
    """An application with its connections: each plays scripts, chosen by weight, until the end."""

    name: str
    connections: int
    scripts: Sequence[Script] = ()
    pause_s: float = 0.05
    once: bool = False
    """Plays one script, then keeps its connection open and idle."""
    reconnects: bool = False
    """Opens a new connection for each script."""


@dataclass(frozen=True)
class Cause:
    """One true cause, as the answer must name it.  `{name}` in a name is filled with what the fault noted."""

    checks: Sequence[str]
    """Checks of the catalogue of which a finding may stand for it."""
    names: Sequence[str]
    """All must stand in the finding's object or values, and in the text."""
    says: Sequence[str] = ()
    """Must stand in the text besides, wherever it says it."""
    aside: bool = False
    """A weakness rather than a fault: that the text names it is enough, for it caused nothing yet."""


@dataclass(frozen=True)
class Number:
    """A true number: what the server says of it right before and right after the question."""

    unit: Unit
    sql: str
    """One value, asked as the superuser; `{name}` is filled with what the fault noted."""
    tolerance: float = 0.1
    """Relative, on both ends of before and after."""
    per_s: bool = False
    """The true number is how much it grew a second between before and after."""


@dataclass(frozen=True)
class Fault:
    """A fault, or with no `causes` a healthy server that must not be accused of any."""

    asks: Mapping[str, Sequence[str]]
    """Language -> questions that never name the cause; one turn each."""
    causes: Sequence[Cause] = ()
    numbers: Sequence[Number] = ()
    """At least one must stand in the answer, within its tolerance; not needed on a healthy server."""
    also: Sequence[str] = ()
    """Further checks that may be accused beside the causes, for they are true here, too; "check:word" only when the
    finding has the word in its object or values."""
    load: Sequence[Client] = ()
    do: Callable[[Scene], None] | None = None
    """Makes the fault while the load runs, and notes names."""
    wait_s: float = 8.0
    """From the fault to the first question."""
    settings: Mapping[str, str] = field(default_factory=dict)
    short: bool = False
    """Belongs to the selection of the default test run."""
    shell: bool = False
    """The first question goes through `dbmedic ask … --json`, too."""
