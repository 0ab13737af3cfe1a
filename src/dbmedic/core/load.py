"""How much a server takes on before it says no: the settings about it, declared once.

`config.py` reads them with all others; the parts that keep the limits are given the numbers.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

MOST_RATE: Final = 100_000
"""Questions a minute that a limit may be."""
_Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]


class Load(Struct, frozen=True, kw_only=True):
    """The limits of one process, with their defaults."""

    key_rate: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST_RATE,
            description="Questions a minute that one key may ask; more get a 429.  0: no limit.  `dbmedic key limit` "
            "sets another number for one key.",
        ),
    ] = 0
    user_rate: Annotated[
        int,
        Meta(ge=0, le=MOST_RATE, description="The same for each user of an app, as its client names them."),
    ] = 0
    wait_s: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="While all turns of an account run, how long a question waits whose user has less than a fair "
            "share of them; who has that share gets a 429 at once.  0: nobody waits.",
        ),
    ] = 5.0
    late_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="When the event loop has been this late for five seconds, new questions get a 503 until it is "
            "not; at half of it, while several ask, those of users who have a turn running.  All else is answered.  "
            "0: never.",
        ),
    ] = 1.0
    most_writes: Annotated[
        int,
        Meta(ge=0, description="With so many writes waiting for the store, new questions get a 503; 0: no limit."),
    ] = 10_000
    memory_mib: Annotated[
        int,
        Meta(
            ge=0,
            description="Above so much memory, new questions get a 503.  0: nine tenths of the container's limit where "
            "there is one.",
        ),
    ] = 0
    connections: Annotated[
        int,
        Meta(
            ge=0,
            description="Open connections: new questions get a 503 above nine tenths of them, everybody else above all "
            "of them.  0: what the limit of open files allows.",
        ),
    ] = 0
    head_s: Annotated[_Seconds, Meta(description="How long a client may take to send the head of a request.")] = 20.0
    body_s: Annotated[
        _Seconds, Meta(description="How long it may take to send its body; a form with a file ten times as long.")
    ] = 60.0
    stalled_s: Annotated[
        _Seconds, Meta(description="A client that takes nothing of its answer for so long is hung up on.")
    ] = 60.0
