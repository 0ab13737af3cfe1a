"""The tables in which Redis and Valkey are seen, and how a reply becomes rows.  Pure.

Sizes are bytes, times seconds, moments seconds since 1970.  What a version does not know is null.  Arguments of slow
commands, password hashes and values of keys never get into a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dbmedic.core.values import Row

CONFIG = (
    "maxmemory", "maxmemory-policy", "maxmemory-samples", "maxclients", "timeout", "tcp-backlog", "save",
    "appendonly", "appendfsync", "no-appendfsync-on-rewrite", "stop-writes-on-bgsave-error", "dir", "bind",
    "protected-mode", "port", "tls-port", "enable-debug-command", "slowlog-log-slower-than", "slowlog-max-len",
    "latency-monitor-threshold", "repl-backlog-size", "repl-timeout", "client-output-buffer-limit", "activedefrag",
    "lazyfree-lazy-eviction", "databases", "hz", "lua-time-limit", "min-replicas-to-write", "replica-priority",
    "logfile",
)  # fmt: skip
"""Settings that are read, each by its name; none of them holds a secret."""
INFO = (
    "redis_version", "valkey_version", "redis_mode", "os", "process_id", "run_id", "tcp_port", "uptime_in_seconds",
    "connected_clients", "maxclients", "blocked_clients", "client_recent_max_output_buffer", "used_memory",
    "used_memory_rss", "used_memory_peak", "used_memory_dataset", "used_memory_overhead", "used_memory_startup",
    "used_memory_lua", "used_memory_scripts", "mem_clients_normal", "mem_clients_slaves", "mem_replication_backlog",
    "total_system_memory", "maxmemory", "maxmemory_policy", "mem_fragmentation_ratio", "mem_fragmentation_bytes",
    "allocator_frag_ratio", "allocator_frag_bytes", "allocator_active", "allocator_allocated", "allocator_resident",
    "mem_allocator", "mem_not_counted_for_evict", "lazyfree_pending_objects", "loading", "async_loading",
    "rdb_changes_since_last_save",
    "rdb_last_load_keys_loaded", "rdb_bgsave_in_progress", "rdb_last_save_time", "rdb_last_bgsave_status",
    "rdb_last_bgsave_time_sec", "rdb_last_cow_size", "aof_enabled", "aof_rewrite_in_progress",
    "aof_last_bgrewrite_status", "aof_last_write_status", "aof_last_cow_size", "aof_current_size",
    "aof_delayed_fsync", "total_connections_received", "total_commands_processed", "instantaneous_ops_per_sec",
    "rejected_connections", "sync_full", "sync_partial_ok", "sync_partial_err", "expired_keys", "evicted_keys",
    "evicted_clients", "keyspace_hits", "keyspace_misses", "latest_fork_usec", "total_error_replies",
    "client_output_buffer_limit_disconnections", "client_query_buffer_limit_disconnections",
    "total_eviction_exceeded_time", "current_eviction_exceeded_time", "role", "connected_slaves", "master_host",
    "master_port", "master_link_status", "master_last_io_seconds_ago", "master_sync_in_progress",
    "master_link_down_since_seconds", "slave_repl_offset", "master_repl_offset", "slave_read_only",
    "repl_backlog_active", "repl_backlog_size", "repl_backlog_histlen", "used_cpu_sys", "used_cpu_user",
    "used_cpu_sys_main_thread", "used_cpu_user_main_thread", "cluster_enabled",
)  # fmt: skip
"""Fields of INFO that a statement may name on every version; one that a server adds may be named there, too."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "info": INFO,
    "config": tuple(name.replace("-", "_") for name in CONFIG),
    "keyspace": ("db", "keys", "expires", "avg_ttl"),
    "commandstats": ("command", "calls", "spent", "rejected", "failed"),
    "errorstats": ("error", "count"),
    "latencystats": ("command", "p50", "p99", "p999"),
    "latency_events": ("event", "at", "latest", "worst"),
    "slowlog": ("id", "at", "took", "command", "client"),
    "clients": (
        "id", "name", "user", "addr", "host", "db", "age", "idle", "flags", "command", "omem", "memory", "blocked",
        "own",
    ),
    "replicas": ("addr", "state", "offset", "lag"),
    "cluster": ("state", "slots_assigned", "slots_ok", "slots_pfail", "slots_fail", "known_nodes", "size"),
    "acl_users": ("user", "enabled", "nopass", "commands", "keys"),
    "access": ("account", "open", "tls", "host", "loopback"),
    "pings": ("number", "took"),
    "server": ("now",),
    "scanned_keys": ("key", "shortened", "type", "bytes", "elements", "ttl", "scanned", "total"),
}  # fmt: skip
"""Table -> its columns.  No column is called as a table is: by that, `redis_sql.py` knows what to fetch."""
ELEMENTS = {"string": "STRLEN", "list": "LLEN", "hash": "HLEN", "set": "SCARD", "zset": "ZCARD", "stream": "XLEN"}
"""Type -> the command that counts, for a string its bytes."""
MAX_KEY = 80
"""Characters of a key's name that are kept."""
_SECRET = re.compile(r"^[#>!<]")
"""Password hashes and passwords among the words of an ACL."""


def numbered(text: str | None) -> int | float | str | None:
    """A number where it is one, else the text; a counter that fell below zero and wrapped around is not known."""
    if text is None or text == "":
        return None
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if abs(value) < 2**63 else None
    return text


def fields(text: str) -> dict[str, str]:
    """`name:value` lines of INFO and CLUSTER INFO."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))
    return {name: value.strip() for name, value in pairs}


def parts(text: str) -> dict[str, str]:
    """`a=1,b=2`, and the words of a client's line."""
    return dict(part.split("=", 1) for part in re.split(r"[, ]", text.strip()) if "=" in part)


def info(text: str) -> list[Row]:
    """One row of all fields that are not lists themselves."""
    return [{name: numbered(value) for name, value in fields(text).items() if "=" not in value}]


def config(replies: Sequence[Sequence[str]]) -> list[Row]:
    """One row; sizes such as "64mb" come as bytes already."""
    pairs = [reply for reply in replies if len(reply) == 2]
    return [{str(name).replace("-", "_"): numbered(str(value)) if value else "" for name, value in pairs}]


def keyspace(text: str) -> list[Row]:
    """One row per database that holds keys."""
    found = [(name, parts(value)) for name, value in fields(text).items() if re.fullmatch(r"db\d+", name)]
    return [
        {
            "db": int(name[2:]),
            "keys": int(one.get("keys", 0)),
            "expires": int(one.get("expires", 0)),
            "avg_ttl": int(one.get("avg_ttl", 0)) / 1000,
        }
        for name, one in found
    ]


def commandstats(text: str) -> list[Row]:
    """One row per command that was called since the statistics were reset."""
    found = [(name[8:], parts(value)) for name, value in fields(text).items() if name.startswith("cmdstat_")]
    return [
        {
            "command": name.replace("|", " "),
            "calls": int(one.get("calls", 0)),
            "spent": int(one.get("usec", 0)) / 1e6,
            "rejected": numbered(one.get("rejected_calls")),
            "failed": numbered(one.get("failed_calls")),
        }
        for name, one in found
    ]


def errorstats(text: str) -> list[Row]:
    found = [(name[10:], parts(value)) for name, value in fields(text).items() if name.startswith("errorstat_")]
    return [{"error": name, "count": int(one.get("count", 0))} for name, one in found]


def latencystats(text: str) -> list[Row]:
    """Percentiles of each command's execution time since the statistics were reset; from version 7 on."""
    start = "latency_percentiles_usec_"
    found = [(name[len(start) :], parts(value)) for name, value in fields(text).items() if name.startswith(start)]
    return [
        {"command": name.replace("|", " ")}
        | {
            column: float(one[key]) / 1e6
            for column, key in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"))
            if key in one
        }
        for name, one in found
    ]


def latency_events(reply: Sequence[Sequence[Any]]) -> list[Row]:
    """Spikes above `latency-monitor-threshold`, which is off by default."""
    return [
        {"event": str(one[0]), "at": int(one[1]), "latest": int(one[2]) / 1000, "worst": int(one[3]) / 1000}
        for one in reply
    ]


CUT = 128
KEYLESS = (
    "eval",
    "evalsha",
    "eval_ro",
    "evalsha_ro",
    "fcall",
    "fcall_ro",
    "keys",
    "scan",
    "config",
    "debug",
    "info",
    "script",
)
"""Slow commands of which the first argument is no key."""


def slowlog(reply: Sequence[Sequence[Any]]) -> list[Row]:
    """Slow commands without their arguments."""
    return [
        {
            "id": int(one[0]),
            "at": int(one[1]),
            "took": int(one[2]) / 1e6,
            "command": str(one[3][0]).lower() if one[3] else "?",
            "client": (str(one[5]) or str(one[4]).rpartition(":")[0]) if len(one) > 5 else "",
        }
        for one in reply
    ]


def slow_keys(reply: Sequence[Sequence[Any]]) -> list[str]:
    """What the slow commands name first, each once; the slow log cuts what is longer than 128 characters."""
    words = [one[3] for one in reply if len(one) > 3 and len(one[3]) > 1]
    names = (str(one[1]) for one in words if str(one[0]).lower() not in KEYLESS)
    return list(dict.fromkeys(name for name in names if name and len(name) < CUT))


def clients(text: str, own: str) -> list[Row]:
    """One row per connection; `own` are dbmedic's."""
    found = []
    for line in text.splitlines():
        one = parts(line)
        flags = one.get("flags", "")
        found.append(
            {name: numbered(one.get(name)) for name in ("id", "db", "age", "idle", "omem")}
            | {
                "name": one.get("name", ""),
                "user": one.get("user", "default"),
                "addr": one.get("addr", ""),
                "host": one.get("addr", "").rpartition(":")[0],
                "flags": flags,
                "command": one.get("cmd", "").replace("|", " "),
                "memory": numbered(one.get("tot-mem")),
                "blocked": int("b" in flags),
                "own": int(one.get("name") == own),
            }
        )
    return found


def replicas(text: str) -> list[Row]:
    """One row per replica that is attached here."""
    found = [parts(value) for name, value in fields(text).items() if re.fullmatch(r"slave\d+", name)]
    return [
        {
            "addr": f"{one.get('ip', '?')}:{one.get('port', '?')}",
            "state": one.get("state", ""),
            "offset": numbered(one.get("offset")),
            "lag": numbered(one.get("lag")),
        }
        for one in found
    ]


def cluster(text: str) -> list[Row]:
    found = fields(text)
    names = {name: numbered(value) for name, value in found.items() if name.startswith("cluster_")}
    return [{column: names.get(f"cluster_{column}") for column in COLUMNS["cluster"]}]


def acl_users(lines: Sequence[str]) -> list[Row]:
    """Rules of each user; passwords and their hashes are left out."""
    found = []
    for line in lines:
        words = [word for word in line.split() if not _SECRET.match(word)]
        found.append(
            {
                "user": words[1] if len(words) > 1 else "?",
                "enabled": int("on" in words[2:]),
                "nopass": int("nopass" in words[2:]),
                "commands": " ".join(word for word in words[2:] if word[0] in "+-"),
                "keys": " ".join(word for word in words[2:] if word[0] in "~%" or word in ("allkeys", "resetkeys")),
            }
        )
    return found
