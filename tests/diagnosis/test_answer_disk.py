"""Whole answers about space, and answers that list; each is reviewed like code."""

# ruff: noqa: E501 - lines of an answer are as long as they are

from __future__ import annotations

from inline_snapshot import snapshot
from tests.diagnosis import faults
from tests.diagnosis.scene import answered, failed, golden, normal

from dbmedic.core.values import Fix

GIB = 1 << 30


def test_disk_with_numbers():
    assert golden(
        "实例rm-demo-shop 磁盘使用率,是否需要扩容", faults.disk(), *faults.parts(), symptom="disk"
    ) == snapshot("""\
**rm-demo-shop 的磁盘使用率为 23 %（已用 23 GiB，总量 100 GiB，剩余 77 GiB），目前不需要扩容。**

- 卷 /data：已用 23 GiB，总量 100 GiB（23 %），剩余 77 GiB；数据来源：host。
- 已用的 23 GiB 中，本实例占 4.5 GiB，其余 18.5 GiB 属于该卷上的其他内容。
- 观察的 5 s 内没有测得增长。
- 没有发现值得释放的空间（日志、临时文件、未使用的索引、死行）。

| 对象 | 大小 | 占比 | 行数 |
|---|---:|---:|---:|
| 数据库 `shop` | 4 GiB | 89 % |  |
| 表 `public.orders` | 2 GiB | 45 % | 1 200 000 |
| 表 `public.events` | 1 GiB | 22 % | 9 000 000 |
| WAL 日志 | 512 MiB | 11 % |  |

对比了相隔 5 s 的两次采样，截至 2026-11-21 14:30 CST。
""")


def test_what_a_file_system_keeps_for_itself_is_told_where_used_and_free_do_not_make_the_total():
    def disk(free):
        return normal(
            "disk-used", "/data", volume="/data", used=55.0 * GIB, total=100.0 * GIB, free=free * GIB, ratio=0.55
        )

    kept = "5 GiB of volume /data are set aside by its file system: neither used nor free for the database."
    assert kept in answered("is the disk full?", disk(40.0), symptom="disk")
    assert "set aside" not in answered("is the disk full?", disk(45.0), symptom="disk")


def test_disk_that_grows():
    assert golden("Disk usage? Do we need to expand?", faults.disk(), *faults.parts(120_000.0)) == snapshot("""\
**The disk of rm-demo-shop is 23 % full (23 GiB of 100 GiB, 77 GiB left): no expansion is needed today, but it grows.**

- Volume /data: 23 GiB of 100 GiB used (23 %), 77 GiB left; source: host.
- Of the 23 GiB used, this server accounts for 4.5 GiB; 18.5 GiB belong to other things on that volume.
- Growing while I looked: `public.events` grows by 117 KiB/s at the moment.
- No trend yet: this is one interval of 5 s, so no date can be given for the remaining 77 GiB.
- Nothing worth freeing was found (logs, temporary files, unused indexes, dead rows).

| what | size | share | rows |
|---|---:|---:|---:|
| database `shop` | 4 GiB | 89 % |  |
| table `public.orders` | 2 GiB | 45 % | 1 200 000 |
| table `public.events` | 1 GiB | 22 % | 9 000 000 |
| WAL | 512 MiB | 11 % |  |

Compared two samples 5 s apart, until 2026-11-21 14:30 CST.
""")


def test_disk_that_is_full_of_what_can_be_freed():
    unused = faults.found(
        "unused-index", "warning", "public.old_idx", schema="public", table="orders", index="old_idx", size=30 << 30,
        age=2_000_000.0, scans=0, writes=9, fix=Fix(statement="DROP INDEX CONCURRENTLY public.old_idx", safety="SUE"),
    )  # fmt: skip
    full = faults.disk(88 << 30, level="warning")
    assert golden("磁盘快满了,要扩容吗", full, unused, *faults.parts()) == snapshot("""\
**rm-demo-shop 的磁盘使用率为 88 %（已用 88 GiB，总量 100 GiB，剩余 12 GiB）。请先释放空间：约可释放 30 GiB；不够再扩容。**

- 卷 /data：已用 88 GiB，总量 100 GiB（88 %），剩余 12 GiB；数据来源：host。
- 已用的 88 GiB 中，本实例占 4.5 GiB，其余 83.5 GiB 属于该卷上的其他内容。
- 观察的 5 s 内没有测得增长。
- 可释放：未使用的索引 30 GiB；合计约 30 GiB。

| 对象 | 大小 | 占比 | 行数 |
|---|---:|---:|---:|
| 数据库 `shop` | 4 GiB | 89 % |  |
| 表 `public.orders` | 2 GiB | 45 % | 1 200 000 |
| 表 `public.events` | 1 GiB | 22 % | 9 000 000 |
| WAL 日志 | 512 MiB | 11 % |  |

**现在处理**
```sql
DROP INDEX CONCURRENTLY public.old_idx;
```
（读写不受影响，仅该表的 DDL 与 VACUUM 需等待；风险：低，执行期间消耗 I/O；**需要您批准**）

对比了相隔 5 s 的两次采样，截至 2026-11-21 14:30 CST。可信度：直接测得。
""")


def test_disk_that_nothing_sees():
    blind = failed("disk-used", "no_host_source", "no source sees the host of this database")
    assert golden("Is the disk full?", blind, *faults.parts()) == snapshot("""\
**How full the disk of rm-demo-shop is cannot be seen from here; its databases take 4 GiB.**

Whether it must grow cannot be said without the size of the volume.
To know used, total and percent, one of these helps:
- run dbmedic on the database's own host
- tell the size of the volume: `dbmedic instance add rm-demo-shop URL --storage 100GiB`
- give a Prometheus server: `dbmedic instance add rm-demo-shop URL --metrics http://prometheus:9090`

- Nothing grew measurably in the 5 s that I looked.
- Nothing worth freeing was found (logs, temporary files, unused indexes, dead rows).

| what | size | share | rows |
|---|---:|---:|---:|
| database `shop` | 4 GiB | 89 % |  |
| table `public.orders` | 2 GiB | 45 % | 1 200 000 |
| table `public.events` | 1 GiB | 22 % | 9 000 000 |
| WAL | 512 MiB | 11 % |  |

Not measured: «disk-used: title» (nothing here sees the host).

Compared two samples 5 s apart, until 2026-11-21 14:30 CST.
""")


def test_the_costliest_statements():
    assert golden("show me the slow queries", faults.missing_index(), faults.top_query()) == snapshot("""\
**What costs most on rm-demo-shop right now:**

1. `select * from orders where customer_id = $1 and status = $2` share 83 %, calls 41, mean 162 ms, busy sessions 1.9

**Measured**
- «missing-index»
  - It leads to: One statement takes 83 % of the database's time
**Why**: «missing-index: why»

**Now**
```sql
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);
```
(reads and writes go on; only DDL and VACUUM on the table wait; risk: low, costs I/O while it runs; **needs your approval**)
To undo: `DROP INDEX CONCURRENTLY public.orders_customer_id_idx`
Check afterwards: ask again; `missing-index`, `top-queries` must be normal.

Compared two samples 5 s apart, until 2026-11-21 14:30 CST. Confidence: measured directly.
""")


def test_the_largest_tables():
    assert golden("最大的表是哪些", *faults.parts()) == snapshot("""\
**rm-demo-shop 的空间占用：**

| 对象 | 大小 | 占比 | 行数 |
|---|---:|---:|---:|
| 数据库 `shop` | 4 GiB | 89 % |  |
| 表 `public.orders` | 2 GiB | 45 % | 1 200 000 |
| 表 `public.events` | 1 GiB | 22 % | 9 000 000 |
| WAL 日志 | 512 MiB | 11 % |  |

对比了相隔 5 s 的两次采样，截至 2026-11-21 14:30 CST。
""")


def test_what_it_is():
    role = normal("topology-role", role="primary", version="18.1", database="shop", replicas=1)
    assert golden("what version is it?", role, *faults.fine()[:7]) == snapshot("""\
**rm-demo-shop, as it is now:**

- «topology-role»
- «conn-usage»

Measured at 2026-11-21 14:30 CST.
""")


def test_sizes_that_the_server_counted_anew_are_no_growth():
    jumped = faults.part("table", "shop.orders", 115 << 20, 0.9, 600_000, growth=23 << 20)
    answer = answered("disk full?", faults.disk(), jumped)
    assert "no expansion is needed now" in answer
    assert "Nothing grew" in answer


def test_binary_logs_that_grow_are_told_beside_tables():
    logs = faults.part("binlog", "binary logs", 90 << 20, 0.3, growth=4.0 * 2**20)
    said = answered("Is the disk full?", faults.disk(), logs, *faults.parts(120_000.0), symptom="disk")
    assert "binary log grows by 4 MiB/s" in said
    assert "`public.events` grows by 117 KiB/s" in said


def test_a_disk_that_fills_within_the_hour_is_said_so():
    fast = faults.part("database", "shop", 900 << 30, 0.9, growth=100 << 20)
    answer = answered("disk full?", faults.disk(600 << 30, 1000 << 30), fast)
    assert "would be full in about 1 h" in answer.splitlines()[0]


def test_free_pages_are_told_to_whoever_deleted_rows():
    free = normal("sl-freelist", free=14 << 20, size=26 << 20, share=0.56)
    answer = answered("deleted rows but the space was not released", faults.disk(), free)
    assert "14 MiB of the 26 MiB file are unused pages (56 %)" in answer
