"""Engines by the scheme of their URL; each driver is loaded when the first instance of its kind is opened."""

from __future__ import annotations

from importlib import import_module

from dbmedic.core.errors import BadField
from dbmedic.core.ports import Engine, Writer
from dbmedic.core.values import Instance

_BY_SCHEME = {
    "postgresql": ("postgres", "Postgres"),
    "postgres": ("postgres", "Postgres"),
    "mysql": ("mysql", "MySql"),
    "mariadb": ("mariadb", "MariaDb"),
    "sqlite": ("sqlite", "Sqlite"),
    **dict.fromkeys(("redis", "rediss", "valkey", "valkeys", "unix"), ("redis", "Redis")),
}


_WRITERS = {
    "postgresql": ("postgres_writer", "PostgresWriter"),
    "postgres": ("postgres_writer", "PostgresWriter"),
    "mysql": ("mysql_writer", "MySqlWriter"),
    "mariadb": ("mysql_writer", "MySqlWriter"),
}


def open_engine(instance: Instance) -> Engine:
    """The engine of an instance, not connected yet; call it within a running event loop.  Raises `BadField("url")`."""
    scheme = instance.url.partition(":")[0].lower()
    if scheme not in _BY_SCHEME:
        known = ", ".join(f"{name}://" for name in _BY_SCHEME)
        raise BadField("url", f"{scheme}:// is not known; known are {known}")
    module, name = _BY_SCHEME[scheme]
    engine: Engine = getattr(import_module(f"dbmedic.engines.{module}"), name)(instance.url)
    return engine


def open_writer(instance: Instance, database: str = "") -> Writer:
    """The write account of an instance for a database of it ("": the URL's own), not connected yet.

    Raises `BadField("url")`.
    """
    scheme = (instance.write_url or "").partition(":")[0].lower()
    if scheme not in _WRITERS:
        known = ", ".join(f"{name}://" for name in _WRITERS)
        raise BadField("url", f"{scheme}:// takes no changes from dbmedic; those that do are {known}")
    module, name = _WRITERS[scheme]
    writer: Writer = getattr(import_module(f"dbmedic.engines.{module}"), name)(instance, database)
    return writer
