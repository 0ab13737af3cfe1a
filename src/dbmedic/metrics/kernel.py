"""What the files of a Linux kernel say of processors and memory: text in, rows out.

A container sees the whole machine in /proc, and its own limits at the root of its control groups: where those are set
they are the machine that a database in the same container has.  Nothing here opens a file.
https://docs.kernel.org/filesystems/proc.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from dbmedic.core.values import Row

FILES: Final = (
    "proc/stat",
    "proc/meminfo",
    "proc/vmstat",
    "sys/fs/cgroup/cpu.max",
    "sys/fs/cgroup/cpu.stat",
    "sys/fs/cgroup/cpuset.cpus.effective",
    "sys/fs/cgroup/memory.max",
    "sys/fs/cgroup/memory.current",
    "sys/fs/cgroup/memory.stat",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us",
    "sys/fs/cgroup/cpuacct/cpuacct.usage",
    "sys/fs/cgroup/cpuset/cpuset.effective_cpus",
    "sys/fs/cgroup/memory/memory.limit_in_bytes",
    "sys/fs/cgroup/memory/memory.usage_in_bytes",
    "sys/fs/cgroup/memory/memory.stat",
)
"""All that is looked at; what does not exist is left out of a sample.  Version 2 first, then version 1."""


class Sample(NamedTuple):
    """The files as they were at one moment."""

    at_s: float
    """Of a clock that never jumps."""
    files: Mapping[str, str]
    page_bytes: int = 4096


def cpu(before: Sample, after: Sample) -> Row | None:
    """ratio (busy share of the processors in the time between) and cores; None where the kernel says nothing.

    Waiting for the disk is not busy.  A container's quota of 1.5 processors is 1.5 cores.
    """
    cpus = _cpus(after)
    first, last = _times(before, cpus), _times(after, cpus)
    if last is None or first is None or not last.cores:
        return None
    quota = _quota(after)
    used_before, used_after = _used_s(before), _used_s(after)
    elapsed = after.at_s - before.at_s
    if quota is not None and quota < last.cores and used_before is not None and used_after is not None:
        busy, total, cores = used_after - used_before, elapsed * quota, quota
    else:
        busy, total, cores = last.busy - first.busy, last.total - first.total, float(last.cores)
    return {"ratio": min(1.0, max(0.0, busy / total)) if total > 0 else None, "cores": cores}


def memory(before: Sample, after: Sample) -> Row | None:
    """total, available, ratio (used), swap_used and swap_in; None where the kernel says nothing.

    Page cache that can be given back counts as available, for the machine and for a container alike.
    """
    said = _fields(after.files.get("proc/meminfo", ""))
    if "MemTotal" not in said or "MemAvailable" not in said:
        return None
    total, available = said["MemTotal"] * 1024, said["MemAvailable"] * 1024
    limit, used = _memory_limit(after)
    if limit is not None and used is not None and limit < total:
        total, available = limit, max(0, min(available, limit - used))
    elapsed = after.at_s - before.at_s
    pages = [_fields(sample.files.get("proc/vmstat", "")).get("pswpin") for sample in (before, after)]
    swap_in = None
    if pages[0] is not None and pages[1] is not None and elapsed > 0:
        swap_in = max(0, pages[1] - pages[0]) * after.page_bytes / elapsed
    return {
        "total": total,
        "available": available,
        "ratio": 1 - available / total,
        "swap_used": (said.get("SwapTotal", 0) - said.get("SwapFree", 0)) * 1024,
        "swap_in": swap_in,
    }


class _Times(NamedTuple):
    busy: int
    total: int
    cores: int


def _times(sample: Sample, cpus: frozenset[int] | None) -> _Times | None:
    """Clock ticks since the start of the machine, over the processors that may be used."""
    busy = total = cores = 0
    for line in sample.files.get("proc/stat", "").splitlines():
        name, *ticks = line.split()
        if not name.startswith("cpu") or not name[3:].isdigit() or len(ticks) < 5:
            continue
        if cpus is not None and int(name[3:]) not in cpus:
            continue
        # user nice system idle iowait irq softirq steal; the guest columns after them are in user already.
        spent = [int(tick) for tick in ticks[:8]]
        total += sum(spent)
        busy += sum(spent) - spent[3] - spent[4]
        cores += 1
    return _Times(busy, total, cores) if cores else None


def _cpus(sample: Sample) -> frozenset[int] | None:
    """Numbers of the processors a container is pinned to, from "0-3,8"; None when it says none."""
    files = sample.files
    text = files.get("sys/fs/cgroup/cpuset.cpus.effective") or files.get("sys/fs/cgroup/cpuset/cpuset.effective_cpus")
    if not text or not text.strip():
        return None
    found: set[int] = set()
    for part in text.strip().split(","):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)


def _quota(sample: Sample) -> float | None:
    """Processors a container may use at once; None without a limit."""
    files = sample.files
    if "sys/fs/cgroup/cpu.max" in files:
        quota, _, period = files["sys/fs/cgroup/cpu.max"].strip().partition(" ")
        return None if quota == "max" else int(quota) / int(period or 100_000)
    limit = _number(files.get("sys/fs/cgroup/cpu/cpu.cfs_quota_us"))
    period_us = _number(files.get("sys/fs/cgroup/cpu/cpu.cfs_period_us"))
    return limit / period_us if limit is not None and limit > 0 and period_us else None


def _used_s(sample: Sample) -> float | None:
    """Seconds of processor that a container has used."""
    files = sample.files
    usec = _fields(files.get("sys/fs/cgroup/cpu.stat", "")).get("usage_usec")
    if usec is not None:
        return usec / 1e6
    nsec = _number(files.get("sys/fs/cgroup/cpuacct/cpuacct.usage"))
    return None if nsec is None else nsec / 1e9


def _memory_limit(sample: Sample) -> tuple[int | None, int | None]:
    """Limit of a container and what of it cannot be given back, in bytes."""
    files = sample.files
    for limit, used, stat, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        most = _number(files.get(f"sys/fs/cgroup/{limit}"))
        held = _number(files.get(f"sys/fs/cgroup/{used}"))
        if most is not None and held is not None:
            return most, held - _fields(files.get(f"sys/fs/cgroup/{stat}", "")).get(cache, 0)
    return None, None


def _fields(text: str) -> dict[str, int]:
    """ "name value" or "name: value kB" on each line."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 2 and parts[1].isdigit():
            found[parts[0].rstrip(":")] = int(parts[1])
    return found


def _number(text: str | None) -> int | None:
    """A file of one number; None for "max" and for no file."""
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None
