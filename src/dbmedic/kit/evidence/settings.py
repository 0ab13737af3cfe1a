"""A configuration file of PostgreSQL or MySQL -> settings that are strange, each with the reason's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

_LINE = re.compile(
    r"^([a-z][a-z0-9_.-]*+)(?:\s*(?:=|\s)\s*('(?:[^']|'')*+'|\"[^\"]*+\"|[^#;\s][^#]*+)?)?(?:#.*)?$", re.IGNORECASE
)
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$", re.IGNORECASE)
_NAMES = {
    "postgres": frozenset(
        """shared_buffers work_mem max_connections wal_level max_wal_size listen_addresses autovacuum fsync
        effective_cache_size maintenance_work_mem checkpoint_timeout synchronous_commit log_min_duration_statement
        shared_preload_libraries random_page_cost full_page_writes hot_standby archive_mode log_destination
        datestyle""".split()  # noqa: SIM905
    ),
    "mysql": frozenset(
        """innodb_buffer_pool_size innodb_flush_log_at_trx_commit sync_binlog max_connections datadir log_bin
        slow_query_log long_query_time innodb_log_file_size query_cache_type query_cache_size bind_address
        innodb_file_per_table server_id binlog_format tmp_table_size max_heap_table_size character_set_server
        innodb_redo_log_capacity sort_buffer_size join_buffer_size skip_grant_tables
        innodb_flush_method""".split()  # noqa: SIM905
    ),
}
_OFF = ("off", "0", "false", "no")
_ON = ("on", "1", "true", "yes")


class Strange(Struct, frozen=True, kw_only=True):
    name: str
    value: str
    why: str
    """Name of the reason, such as "unsafe"."""


class Settings(Struct, frozen=True, kw_only=True):
    engine: str
    values: dict[str, str]
    strange: tuple[Strange, ...]


Rule = tuple[str, str, Callable[[str, dict[str, str]], bool]]
_POSTGRES: tuple[Rule, ...] = (
    ("fsync", "loses_all", lambda value, _: value in _OFF),
    ("full_page_writes", "loses_all", lambda value, _: value in _OFF),
    ("synchronous_commit", "loses_last", lambda value, _: value in _OFF),
    ("autovacuum", "no_vacuum", lambda value, _: value in _OFF),
    ("track_counts", "no_vacuum", lambda value, _: value in _OFF),
    (
        "work_mem",
        "memory",
        lambda value, all_: _pages(value, 1024) * _number(all_.get("max_connections", "100")) > 64 * 2**30,
    ),
    ("max_connections", "many_connections", lambda value, _: _number(value) > 500),
    ("shared_buffers", "small_cache", lambda value, _: 0 < _pages(value, 8192) <= 128 * 2**20),
    ("random_page_cost", "old_disks", lambda value, _: _number(value) >= 4),
    ("max_wal_size", "checkpoints", lambda value, _: 0 < _pages(value, 2**20) <= 2**30),
    ("log_min_duration_statement", "no_slow_log", lambda value, _: value == "-1"),
    ("idle_in_transaction_session_timeout", "left_open", lambda value, _: value in ("0", "0s", "0ms")),
    ("enable_seqscan", "planner_off", lambda value, _: value in _OFF),
    ("enable_nestloop", "planner_off", lambda value, _: value in _OFF),
    ("enable_hashjoin", "planner_off", lambda value, _: value in _OFF),
    ("password_encryption", "weak_passwords", lambda value, _: value == "md5"),
)
_MYSQL: tuple[Rule, ...] = (
    ("innodb_flush_log_at_trx_commit", "loses_last", lambda value, _: value in ("0", "2")),
    ("sync_binlog", "loses_last", lambda value, _: value == "0"),
    ("innodb_doublewrite", "loses_all", lambda value, _: value in _OFF),
    ("innodb_buffer_pool_size", "small_cache", lambda value, _: 0 < _bytes(value) <= 128 * 2**20),
    ("query_cache_type", "query_cache", lambda value, _: value in _ON),
    (
        "query_cache_size",
        "query_cache",
        lambda value, all_: _bytes(value) > 0 and all_.get("query_cache_type", "1") not in _OFF,
    ),
    ("slow_query_log", "no_slow_log", lambda value, _: value in _OFF),
    ("long_query_time", "no_slow_log", lambda value, _: _number(value) >= 10),
    ("innodb_file_per_table", "one_file", lambda value, _: value in _OFF),
    ("skip_grant_tables", "no_passwords", lambda value, _: value not in _OFF),
    ("max_connections", "many_connections", lambda value, _: _number(value) > 2000),
    (
        "sort_buffer_size",
        "memory",
        lambda value, all_: _bytes(value) * _number(all_.get("max_connections", "151")) > 32 * 2**30,
    ),
    (
        "join_buffer_size",
        "memory",
        lambda value, all_: _bytes(value) * _number(all_.get("max_connections", "151")) > 32 * 2**30,
    ),
    ("innodb_log_file_size", "checkpoints", lambda value, _: 0 < _bytes(value) <= 48 * 2**20),
    ("performance_schema", "no_statistics", lambda value, _: value in _OFF),
)


def settings(lines: Sequence[str]) -> Settings | None:
    """The settings; None for a text in which fewer than three lines, or than half of them, set something known."""
    values: dict[str, str] = {}
    told = 0
    for line in lines[:5000]:
        text = line.strip()
        if not text or text.startswith(("#", ";", "[", "!")) or len(text) > 500:
            continue
        told += 1
        if found := _LINE.match(text):
            name = found[1].lower().replace("-", "_") if "." not in found[1] else found[1].lower()
            if "=" not in text and not any(name in known for known in _NAMES.values()):
                continue
            values[name] = (found[2] or "").strip().strip("'\"")
    engine = max(_NAMES, key=lambda one: len(_NAMES[one] & set(values)))
    if len(_NAMES[engine] & set(values)) < 3 or len(values) * 2 < told:
        return None
    rules = _POSTGRES if engine == "postgres" else _MYSQL
    plain = {name: value.lower() for name, value in values.items()}
    strange = [
        Strange(name=name, value=values[name], why=why)
        for name, why, wrong in rules
        if name in plain and wrong(plain[name], plain)
    ]
    return Settings(engine=engine, values=values, strange=tuple(strange))


def _number(text: str) -> float:
    found = re.match(r"\d+(\.\d+)?", text)
    return float(found[0]) if found else 0.0


def _bytes(text: str) -> float:
    found = _SIZE.match(text.strip())
    return float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ") if found else 0.0


def _pages(text: str, unit: int) -> float:
    """Bytes of a size of PostgreSQL, which counts in `unit` where no other is written."""
    return _number(text) * unit if text.strip().isdigit() else _bytes(text)
