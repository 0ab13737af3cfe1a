"""Fixtures of the tools' tests."""

from tests.tools.changing import mariadb_desk, postgres_desk, store

__all__ = ["mariadb_desk", "postgres_desk", "store"]
