"""Processors and memory out of the kernel's texts, on bare machines and in containers of both kinds."""

import pytest

from dbmedic.metrics.kernel import Sample, cpu, memory

GIB = 1 << 30
MEMINFO = """\
MemTotal:       16777216 kB
MemFree:          524288 kB
MemAvailable:    4194304 kB
Cached:          3145728 kB
SwapTotal:       2097152 kB
SwapFree:        1048576 kB
HugePages_Total:       0
"""


def stat(*cpus: tuple[int, int, int]) -> str:
    """(user, idle, iowait) ticks of each processor."""
    lines = ["cpu  9 9 9 9 9 9 9 9 9 9"]
    lines += [f"cpu{n} {user} 0 0 {idle} {wait} 0 0 0 77 0" for n, (user, idle, wait) in enumerate(cpus)]
    return "\n".join([*lines, "intr 12345 0 0", "ctxt 1"])


def samples(before: dict, after: dict, seconds: float = 2) -> tuple[Sample, Sample]:
    return Sample(100.0, before), Sample(100.0 + seconds, after)


def test_busy_is_what_neither_idled_nor_waited_for_the_disk():
    before = {"proc/stat": stat((100, 100, 0), (100, 100, 0))}
    after = {"proc/stat": stat((200, 100, 0), (100, 150, 50))}
    assert cpu(*samples(before, after)) == {"ratio": 0.5, "cores": 2.0}


def test_a_container_pinned_to_some_processors_counts_those():
    pinned = {"sys/fs/cgroup/cpuset.cpus.effective": "1,3-4\n"}
    before = {"proc/stat": stat(*[(0, 0, 0)] * 6)} | pinned
    after = {"proc/stat": stat((100, 0, 0), (50, 50, 0), (100, 0, 0), (50, 50, 0), (50, 50, 0), (100, 0, 0))} | pinned
    assert cpu(*samples(before, after)) == {"ratio": 0.5, "cores": 3.0}


@pytest.mark.parametrize("version", [1, 2])
def test_a_quota_is_the_machine_that_a_container_has(version):
    if version == 2:
        before = {"sys/fs/cgroup/cpu.max": "150000 100000\n", "sys/fs/cgroup/cpu.stat": "usage_usec 1000000\n"}
        after = before | {"sys/fs/cgroup/cpu.stat": "usage_usec 2500000\nuser_usec 1\n"}
    else:
        before = {
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpuacct/cpuacct.usage": "1000000000\n",
        }
        after = before | {"sys/fs/cgroup/cpuacct/cpuacct.usage": "2500000000\n"}
    busy = {"proc/stat": stat(*[(0, 100, 0)] * 4)}
    assert cpu(*samples(before | busy, after | busy)) == {"ratio": 0.5, "cores": 1.5}


@pytest.mark.parametrize(
    "unlimited",
    [
        {"sys/fs/cgroup/cpu.max": "max 100000\n", "sys/fs/cgroup/cpu.stat": "usage_usec 1\n"},
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
        {"sys/fs/cgroup/cpu.max": "900000 100000\n", "sys/fs/cgroup/cpu.stat": "usage_usec 1\n"},
    ],
)
def test_no_quota_or_one_above_the_machine_is_the_machine(unlimited):
    before = {"proc/stat": stat((0, 0, 0))} | unlimited
    after = {"proc/stat": stat((25, 75, 0))} | unlimited
    assert cpu(*samples(before, after)) == {"ratio": 0.25, "cores": 1.0}


def test_no_time_between_samples_leaves_the_share_unmeasured():
    same = {"proc/stat": stat((1, 1, 1))}
    assert cpu(*samples(same, same)) == {"ratio": None, "cores": 1.0}


def test_memory_is_what_the_kernel_says_is_available():
    files = {"proc/meminfo": MEMINFO, "proc/vmstat": "nr_free_pages 1\npswpin 100\npswpout 7\n"}
    later = files | {"proc/vmstat": "pswpin 612\n"}
    assert memory(*samples(files, later)) == {
        "total": 16 * GIB,
        "available": 4 * GIB,
        "ratio": 0.75,
        "swap_used": GIB,
        "swap_in": 512 * 4096 / 2,
    }


@pytest.mark.parametrize(
    "limits",
    [
        {
            "sys/fs/cgroup/memory.max": f"{4 * GIB}\n",
            "sys/fs/cgroup/memory.current": f"{3 * GIB}\n",
            "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {GIB}\n",
        },
        {
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{4 * GIB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{3 * GIB}\n",
            "sys/fs/cgroup/memory/memory.stat": f"inactive_file 5\ntotal_inactive_file {GIB}\n",
        },
    ],
)
def test_a_memory_limit_is_the_machine_that_a_container_has(limits):
    files = {"proc/meminfo": MEMINFO} | limits
    row = memory(*samples(files, files))
    assert row is not None
    assert (row["total"], row["available"], row["ratio"], row["swap_in"]) == (4 * GIB, 2 * GIB, 0.5, None)


@pytest.mark.parametrize(
    "unlimited",
    [
        {"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "1\n"},
        {
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
        },
    ],
)
def test_without_a_limit_it_is_the_machine(unlimited):
    files = {"proc/meminfo": MEMINFO} | unlimited
    row = memory(*samples(files, files))
    assert row is not None
    assert row["total"] == 16 * GIB


def test_a_machine_without_these_files_says_nothing():
    assert cpu(*samples({}, {})) is None
    assert memory(*samples({}, {})) is None
