"""The log as the store keeps it: times as whole microseconds, events as JSON texts, and back.

Both the store (which writes) and the assistant (which reads rows) need this one spelling.  Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import msgspec

from dbmedic.core.errors import Bug
from dbmedic.core.events import Entry, Event, Measured
from dbmedic.core.values import Measure, Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LogRow: TypeAlias = tuple[str, int, int, str, str]
"""turn, seq, at, kind, body"""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


def micros(moment: datetime, /) -> int:
    """Microseconds since 1970 UTC of an aware time, exactly."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(micros: int, /) -> datetime:
    """The aware UTC time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


def kind(event: Event, /) -> str:
    """The tag under which an event is kept: "TurnOpened", "Measured" …"""
    return type(event).__name__


def row(entry: Entry, /) -> LogRow:
    """An entry as the store keeps it."""
    event = entry.event
    return entry.turn, entry.seq, micros(entry.at), type(event).__name__, _encode(event).decode()


def entries(rows: Iterable[Row], /) -> list[Entry]:
    """Rows with turn, seq, at and body as entries, in the same order.

    Raises `Bug` for a body that no event of this release fits.
    """
    found = []
    for each in rows:
        try:
            event = _decode(each["body"])
        except msgspec.ValidationError as error:
            raise Bug(f"event {each['seq']} of turn {each['turn']} cannot be read: {error}") from error
        if isinstance(event, Measured) and "time" in event.measure.units.values():
            _restore_times(event.measure)
        found.append(Entry(each["turn"], each["seq"], moment(each["at"]), event))
    return found


def _restore_times(measure: Measure) -> None:
    """Makes texts of columns with unit time the times they were: JSON does not know them."""
    for column, unit in measure.units.items():
        value = measure.values.get(column)
        if unit == "time" and isinstance(value, str):
            measure.values[column] = datetime.fromisoformat(value)
