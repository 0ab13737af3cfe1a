"""The lists of harmless functions against what the servers say of theirs."""

from __future__ import annotations

from dbmedic.kit.statements.reading import functions
from fix_servers import Database

VOLATILE = """
select distinct proname::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v'"""
TRIGGERS = """
select distinct proname::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace
and (prorettype in ('trigger'::regtype, 'internal'::regtype, 'language_handler'::regtype, 'tsm_handler'::regtype,
     'index_am_handler'::regtype, 'table_am_handler'::regtype) or 'internal'::regtype = any(proargtypes)
     or proname like '%\\_validator' or proname in ('amvalidate', 'plpgsql_inline_handler'))"""


def test_no_name_is_in_two_lists() -> None:
    known = functions("postgres")
    assert not known["read"] & known["harmless"]
    assert not (known["read"] | known["harmless"]) & known["refused"]
    assert not functions("mysql")["read"] & {"sleep", "benchmark", "get_lock", "load_file", "nextval", "setval"}


def test_every_volatile_function_of_the_server_has_a_verdict(postgres: Database) -> None:
    known = functions("postgres")
    volatile = {row[0] for row in postgres.run(VOLATILE)} - {row[0] for row in postgres.run(TRIGGERS)}
    assert volatile <= known["harmless"] | known["refused"], "judge these, and put them into the file"
    assert not volatile & known["read"]


def test_what_reads_is_known_to_the_server(postgres: Database) -> None:
    names = {row[0] for row in postgres.run("select proname::text from pg_proc")}
    assert len(functions("postgres")["read"] & names) > 600


def test_columns_of_system_views_are_not_taken_for_functions(postgres: Database) -> None:
    sql = "select distinct attname::text from pg_attribute where attnum > 0 and attrelid < 16384"
    assert not {row[0] for row in postgres.run(sql)} & functions("postgres")["refused"]
