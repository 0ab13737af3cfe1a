"""The questions asked of Prometheus and what its answers mean: text in, rows out, no network.

Names of series as node_exporter 1.x, postgres_exporter and mysqld_exporter expose them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from dbmedic.core.values import Row

HOSTS: Final = "node_uname_info"
"""A series that every node_exporter has once."""
EXPORTED: Final = {
    "postgres": "pg_database_size_bytes",
    "mysql": "mysql_info_schema_innodb_tablespace_file_size_bytes",
    "mariadb": "mysql_info_schema_innodb_tablespace_file_size_bytes",
}
"""Series of a database's exporter that add up to its size."""

_NOT_A_DISK: Final = (
    'fstype!~"tmpfs|ramfs|devtmpfs|overlay|squashfs|iso9660|nsfs|proc|sysfs|autofs|cgroup.*|fuse.lxcfs|rootfs|vfat"'
)
_QUERIES: Final = {
    "disk": {
        "total": f"node_filesystem_size_bytes{{HOST,{_NOT_A_DISK}}}",
        "unused": f"node_filesystem_free_bytes{{HOST,{_NOT_A_DISK}}}",
        "free": f"node_filesystem_avail_bytes{{HOST,{_NOT_A_DISK}}}",
    },
    "cpu": {
        "ratio": (
            '1 - sum(rate(node_cpu_seconds_total{HOST,mode=~"idle|iowait"}[5m]))'
            " / sum(rate(node_cpu_seconds_total{HOST}[5m]))"
        ),
        "cores": 'count(node_cpu_seconds_total{HOST,mode="idle"})',
    },
    "memory": {
        "total": "node_memory_MemTotal_bytes{HOST}",
        "available": "node_memory_MemAvailable_bytes{HOST}",
        "swap_free": "node_memory_SwapFree_bytes{HOST}",
        "swap_total": "node_memory_SwapTotal_bytes{HOST}",
        # Pages; no series says how large one is, and 4 KiB is what servers have.
        "swap_in": "rate(node_vmstat_pswpin{HOST}[5m]) * 4096",
    },
    **{f"size of {engine}": {"used": f"sum({name}{{HOST}})"} for engine, name in EXPORTED.items()},
}


class Series(Struct, frozen=True):
    """The newest value of one series."""

    labels: dict[str, str]
    value: float


class _One(Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(Struct, rename="camel"):
    result_type: str
    result: list[_One]


class _Answer(Struct, rename="camel"):
    status: str
    data: _Data | None = None
    error: str = ""


_decode = msgspec.json.Decoder(_Answer).decode


def selector(labels: Mapping[str, str]) -> str:
    """{"instance": "db1:9100"} -> {instance="db1:9100"}."""
    return f"{{{_matchers(labels)}}}"


def queries(what: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Name -> PromQL of a family, for the host with these labels."""
    matchers = _matchers(labels)
    return {name: query.replace("HOST,", f"{matchers}," if matchers else "").replace("HOST", matchers)
            for name, query in _QUERIES.get(what, {}).items()}  # fmt: skip


def series(body: bytes) -> list[Series]:
    """The series of an answer of /api/v1/query; those without a number are left out.

    Raises `ValueError` with what Prometheus says is wrong, `msgspec.DecodeError` when it is no such answer.
    """
    answer = _decode(body)
    if answer.status != "success" or answer.data is None:
        raise ValueError(answer.error or answer.status)
    if answer.data.result_type != "vector":
        raise ValueError(f"a {answer.data.result_type} where a vector was asked")
    found = [Series(one.metric, float(one.value[1])) for one in answer.data.result]
    return [one for one in found if math.isfinite(one.value)]


def volumes(found: Mapping[str, Sequence[Series]]) -> list[Row]:
    """One row per file system, as `df` counts: volume, used, total, free, ratio of used / (used + free)."""
    parts: dict[str, dict[tuple[str, str], float]] = {
        name: {(one.labels.get("mountpoint", ""), one.labels.get("device", "")): one.value for one in several}
        for name, several in found.items()
    }
    rows: dict[str, Row] = {}
    for key, total in parts["total"].items():
        unused, free = parts["unused"].get(key), parts["free"].get(key)
        if unused is None or free is None or total <= 0:
            continue
        used = total - unused
        device = key[1] or key[0]
        # A device mounted twice is one volume: the mount point nearest to the root stands for it.
        if device not in rows or len(key[0]) < len(rows[device]["volume"]):
            rows[device] = {
                "volume": key[0],
                "used": int(used),
                "total": int(total),
                "free": int(free),
                "ratio": used / (used + free) if used + free else 1.0,
            }
    return sorted(rows.values(), key=lambda row: str(row["volume"]))


def rows(found: Mapping[str, Sequence[Series]], what: str) -> Row | None:
    """The row of cpu or memory; None when a number it stands on is missing."""
    values: dict[str, float | None] = {name: one[0].value if one else None for name, one in found.items()}
    if what == "cpu":
        if values["ratio"] is None or values["cores"] is None:
            return None
        return {"ratio": min(1.0, max(0.0, values["ratio"])), "cores": values["cores"]}
    total, available = values["total"], values["available"]
    if not total or available is None:
        return None
    swap_total, swap_free = values["swap_total"], values["swap_free"]
    return {
        "total": int(total),
        "available": int(available),
        "ratio": 1 - available / total,
        "swap_used": None if swap_total is None or swap_free is None else int(swap_total - swap_free),
        "swap_in": values["swap_in"],
    }


def _matchers(labels: Mapping[str, str]) -> str:
    quoted = {name: msgspec.json.encode(value).decode() for name, value in labels.items()}
    return ",".join(f"{name}={value}" for name, value in quoted.items())
