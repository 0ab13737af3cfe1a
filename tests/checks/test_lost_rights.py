"""Rights that a role used and lost, on a real server, and how statements are read for it."""

from __future__ import annotations

import secrets
import threading

import psycopg
import pytest

from checks.proving import heard
from dbmedic.checks.catalogue.schema_object_analysis.lost_rights import used
from fix_servers import Database


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select 1 from orders o join app.items i on i.id = o.id", {("orders", "SELECT"), ("app.items", "SELECT")}),
        ("insert into orders select * from staged", {("orders", "INSERT"), ("staged", "SELECT")}),
        ('UPDATE only "orders" set a = $1', {("orders", "UPDATE")}),
        ("delete from orders where id = $1", {("orders", "DELETE")}),
        ("", set()),
    ],
)
def test_a_statement_tells_which_rights_it_takes(statement: str, expected: set[tuple[str, str]]) -> None:
    assert used(statement) == expected


async def test_a_table_that_its_application_may_not_read_any_more_is_named(postgres: Database) -> None:
    role = f"app_{secrets.token_hex(4)}"
    postgres.run(
        "create extension if not exists pg_stat_statements",
        f"create role {role} login password 'secret'",
        "create table orders (id int)",
        "create table items (id int)",
        f"grant select on orders, items to {role}",
    )
    try:
        with psycopg.connect(postgres.as_role(role, "secret").url, autocommit=True) as app:
            app.execute("select id from orders")
            app.execute("select id from items")
            assert (await heard(["lost-rights"], postgres.instance, window_s=0.3)).findings == []
            postgres.run(f"revoke all on orders from {role}")
            end = threading.Event()
            asking = threading.Thread(target=_refused, args=(app, end))
            asking.start()
            try:
                said = await heard(["lost-rights"], postgres.instance, window_s=1.5)
            finally:
                end.set()
                asking.join()
        [finding] = said.findings
        assert (finding.object, finding.level) == ("public.orders", "error")
        assert finding.fix is not None
        assert finding.fix.statement == f"GRANT SELECT ON public.orders TO {role}"
    finally:
        postgres.run(f"drop owned by {role}", f"drop role {role}")


def _refused(app: psycopg.Connection[tuple[object, ...]], end: threading.Event) -> None:
    """Asks again and again for what it may not read; a session tells what it counted when it is idle for a second."""
    while not end.wait(0.02):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("select id from orders")
