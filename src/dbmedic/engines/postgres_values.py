"""PostgreSQL's types as ours: numbers as int or float, times as aware UTC datetimes, spans as seconds.

Everything else is text.

Text format throughout, so that a type without a loader is simply its text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.datetime import IntervalLoader
from psycopg.types.string import TextLoader

TEXT_TYPES = (
    "uuid", "inet", "cidr", "bytea", "time", "timetz", "date", "bit", "varbit", "record", "int4range", "int8range",
    "numrange", "daterange", "tsrange", "tstzrange", "int4multirange", "int8multirange", "nummultirange",
    "datemultirange", "tsmultirange", "tstzmultirange",
)  # fmt: skip
"""Types that psycopg would make into objects of its own."""


class Number(Loader):
    """numeric: an int where nothing stands behind the point, else a float."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class Moment(Loader):
    """timestamp and timestamptz; a timestamp without zone is taken as UTC.  Infinity, BC and year 10000 stay text."""

    def load(self, data: Buffer) -> datetime | str:
        text = bytes(data).decode()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Seconds(IntervalLoader):
    """interval: its length in seconds, with 30 days to a month; infinity (from 17 on) stays text."""

    def load(self, data: Buffer) -> Any:
        if b"inf" in bytes(data):
            return bytes(data).decode()
        return super().load(data).total_seconds()


class Lenient(Loader):
    """Text of a SQL_ASCII database, where bytes of any encoding may lie: the odd ones become question marks."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode(errors="replace")


class Whole(Loader):
    """Transaction ids and other counters that psycopg leaves as text."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


def register(adapters: AdaptersMap) -> None:
    """Puts our loaders over psycopg's."""
    adapters.register_loader("numeric", Number)
    for name in ("timestamp", "timestamptz"):
        adapters.register_loader(name, Moment)
    adapters.register_loader("interval", Seconds)
    for name in ("xid", "cid", "xid8"):
        adapters.register_loader(name, Whole)
    for name in TEXT_TYPES:
        adapters.register_loader(name, TextLoader)


def register_lenient(adapters: AdaptersMap) -> None:
    """For a connection to a SQL_ASCII database."""
    for name in (*TEXT_TYPES, "text", "varchar", "bpchar", "name", 0):
        adapters.register_loader(name, Lenient)
