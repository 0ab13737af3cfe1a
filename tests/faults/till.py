"""The shop's till: one SQLite file that a few programs of one machine share, and what they do all day."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faults.fault import Client, Script
from fix_servers import Server, private_folder

if TYPE_CHECKING:
    from faults.scene import Scene

NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "
MADE = (
    "create table customers(id integer primary key, email text not null unique, name text, city text)",
    NUMBERS.format(20_000) + "insert into customers select i, 'user' || i || '@example.com', 'Customer ' || i, "
    "'City ' || (i % 200) from n",
    "create table receipts(id integer primary key, customer_id int not null references customers(id), total real, "
    "created_at text not null, note text)",
    NUMBERS.format(100_000) + "insert into receipts select i, 1 + (i * 7919) % 20000, i % 500, "
    "datetime('2025-01-01', '+' || i || ' minutes'), 'note ' || i from n",
    "create index receipts_customer_id_idx on receipts(customer_id, created_at)",
    "create table lines(id integer primary key, receipt_id int not null references receipts(id), sku int, "
    "quantity int)",
    NUMBERS.format(200_000) + "insert into lines select i, 1 + (i * 104729) % 100000, 1 + i % 5000, 1 + i % 5 from n",
    "create index lines_receipt_id_idx on lines(receipt_id)",
    "create view receipts_with_lines as select r.id, r.created_at, l.sku, l.quantity from receipts r "
    "join lines l on l.receipt_id = r.id",
    "analyze",
)
DAY = (
    Client(
        "till",
        2,
        (
            Script(("select id, total from receipts where customer_id = {1..20000} order by created_at desc",), 5),
            Script(("select sku, quantity from lines where receipt_id = {1..100000}",), 5),
            Script(
                (
                    "insert into receipts(customer_id, total, created_at, note) "
                    "values ({1..20000}, {1..500}, datetime('now'), '')",
                )
            ),
        ),
        pause_s=0.1,
    ),
)
"""Lookups that an index serves, and a short write now and then."""


@dataclass(frozen=True)
class File(Server):
    """The file as if it were a server."""

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """See `Server.run`."""
        with contextlib.closing(sqlite3.connect(self.url.partition(":///")[2], isolation_level=None)) as file:
            file.create_function("file_size", 1, os.path.getsize)
            for statement in statements:
                found = file.execute(statement).fetchall()
            return found

    def at(self, database: str, *, user: str | None = None, password: str = "") -> str:
        """See `Server.at`."""
        return self.url


@contextlib.contextmanager
def scene(settings: Mapping[str, str]) -> Iterator[Scene]:
    """A fresh file in a folder of its own; the settings are pragmas that the file keeps."""
    from faults.scene import Scene

    with private_folder() as folder:
        path = folder / "till.db"
        server = File("sqlite", f"sqlite:///{path}", sqlite3.sqlite_version, folder)
        server.run(*(f"pragma {name} = {value}" for name, value in ({"journal_mode": "wal"} | dict(settings)).items()))
        server.run("begin", *MADE, "commit", "pragma wal_checkpoint(truncate)")
        path.chmod(0o640)
        yield Scene(server, -1)
