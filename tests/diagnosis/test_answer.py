"""Whole answers about faults and about health, as people read them; each is reviewed like code."""

# ruff: noqa: E501 - lines of an answer are as long as they are

from __future__ import annotations

from inline_snapshot import snapshot
from tests.diagnosis import faults
from tests.diagnosis.scene import CLOUD, SHOP, failed, golden

from dbmedic.core.values import Exchange

STATISTICS = failed(
    "top-queries", "extension_missing", "pg_stat_statements is missing", "CREATE EXTENSION pg_stat_statements"
)


def test_a_slow_page_for_want_of_an_index():
    assert golden(
        "The orders page got slow this morning, why?", faults.missing_index(), faults.top_query(), faults.cpu(),
        *faults.fine_but("missing-index", "cpu-saturation"),
    ) == snapshot("""\
**rm-demo-shop: public.orders is read in full by one statement; no index on customer_id serves it.**

**Measured**
- «missing-index»
  - It leads to: One statement takes 83 % of the database's time
  - It leads to: The processors are 97 % busy
**Why**: «missing-index: why»

**Now**
```sql
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);
```
(reads and writes go on; only DDL and VACUUM on the table wait; risk: low, costs I/O while it runs; **needs your approval**)
To undo: `DROP INDEX CONCURRENTLY public.orders_customer_id_idx`
Check afterwards: ask again; `missing-index`, `top-queries` must be normal.

Fine: active sessions 0.4 on 2 processors, nobody waits for a lock, no statement runs long, connections 23 of 97 (24 %), cache hit 99.7 %.

Compared two samples 5 s apart, until 2026-11-21 14:30 CST. Confidence: measured directly. What was before is not known: I keep no history, so “since 2026-11-21 06:00 CST” rests on what is so now.
""")  # fmt: skip


def test_the_same_in_chinese():
    assert golden(
        "订单页面今天早上开始变慢,为什么?", faults.missing_index(), faults.top_query(),
        *faults.fine_but("missing-index"),
    ) == snapshot("""\
**rm-demo-shop：public.orders 被一条语句反复全表扫描，因为 customer_id 上没有它能用的索引。**

**测量结果**
- «missing-index»
  - 由此导致：一条语句占用了数据库 83 % 的时间
**原因**：«missing-index: why»

**现在处理**
```sql
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);
```
（读写不受影响，仅该表的 DDL 与 VACUUM 需等待；风险：低，执行期间消耗 I/O；**需要您批准**）
回退：`DROP INDEX CONCURRENTLY public.orders_customer_id_idx`
处理后验证：再问一次，`missing-index`、`top-queries` 应恢复正常。

正常：活跃会话 0.4（2 核）、没有会话在等锁、没有长时间运行的语句、CPU 12 %、连接数 23/97（24 %）。

对比了相隔 5 s 的两次采样，截至 2026-11-21 14:30 CST。可信度：直接测得。我没有保存历史数据，因此“自 2026-11-21 06:00 CST 起”是根据当前状态推断的，之前的情况无从得知。
""")  # fmt: skip


def test_sessions_blocked_by_an_idle_transaction():
    assert golden(
        "everything hangs", faults.idle(), faults.blocking(), faults.waits(), faults.active(),
        *faults.fine_but("idle-in-transaction", "blocking-tree", "active-sessions"),
    ) == snapshot("""\
**rm-demo-shop: Session 4711 (shop, checkout) left a transaction open and idle for 12 min, and blocks 8 sessions on public.orders.**

Connections 23 of 97 (24 %): not the bottleneck.

**Measured**
- «idle-in-transaction»
  - It leads to: Session 4711 (shop, checkout) blocks 8 sessions on public.orders, the longest for 11 min 30 s
  - It leads to: Sessions spend 85 % of their active time waiting on Lock
  - It leads to: 7.1 sessions are active at once on 2 processors
**Why**: «idle-in-transaction: why»

**Now**
```sql
SELECT pg_terminate_backend(4711);
```
(ends that session; its transaction is rolled back; risk: medium, the client sees an error; **needs your approval**; needs a second confirmation that names the object)
**For good**: have the application commit or roll back before it waits for anything else, and limit how long a transaction may stay idle (PostgreSQL: `idle_in_transaction_session_timeout` for its role; MariaDB: `idle_transaction_timeout`).
Check afterwards: ask again; `idle-in-transaction`, `blocking-tree` must be normal.

Fine: disk 23 GiB of 100 GiB (23 %), no statement runs long, CPU 12 % busy, cache hit 99.7 %, no long transaction.

Measured at 2026-11-21 14:30 CST. Confidence: measured directly.
""")  # fmt: skip


def test_the_same_block_in_chinese():
    assert golden("谁阻塞了谁?", faults.idle(), faults.blocking()) == snapshot("""\
**rm-demo-shop：会话 4711（shop，checkout）开启事务后未提交，已空闲 12 min，并在 public.orders 上阻塞了 8 个会话。**

**测量结果**
- «idle-in-transaction»
  - 由此导致：会话 4711（shop，checkout）在 public.orders 上阻塞了 8 个会话，最长已等待 11 min 30 s
**原因**：«idle-in-transaction: why»

**现在处理**
```sql
SELECT pg_terminate_backend(4711);
```
（终止该会话，其事务会回滚；风险：中，客户端会收到错误；**需要您批准**；需要再次确认对象名称）
**长期措施**：让应用在等待其他事情之前先提交或回滚，并限制事务空闲时长（PostgreSQL：为其角色设置 `idle_in_transaction_session_timeout`；MariaDB：`idle_transaction_timeout`）。
处理后验证：再问一次，`idle-in-transaction`、`blocking-tree` 应恢复正常。

测量时间：2026-11-21 14:30 CST。可信度：直接测得。
""")


def test_two_faults_at_once():
    assert golden(
        "why is it slow", faults.missing_index(), faults.top_query(), faults.idle(), faults.blocking(), faults.waits()
    ) == snapshot("""\
**2 separate problems were measured on rm-demo-shop:**
1. Session 4711 (shop, checkout) left a transaction open and idle for 12 min, and blocks 8 sessions on public.orders
2. public.orders is read in full by one statement; no index on customer_id serves it (after that)

**Measured**
- «idle-in-transaction»
  - It leads to: Session 4711 (shop, checkout) blocks 8 sessions on public.orders, the longest for 11 min 30 s
  - It leads to: Sessions spend 85 % of their active time waiting on Lock
- «missing-index»
  - It leads to: One statement takes 83 % of the database's time
**Why**: «idle-in-transaction: why»

**Now**
```sql
SELECT pg_terminate_backend(4711);
```
(ends that session; its transaction is rolled back; risk: medium, the client sees an error; **needs your approval**; needs a second confirmation that names the object)
```sql
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);
```
(reads and writes go on; only DDL and VACUUM on the table wait; risk: low, costs I/O while it runs; **needs your approval**)
To undo: `DROP INDEX CONCURRENTLY public.orders_customer_id_idx`
**For good**: have the application commit or roll back before it waits for anything else, and limit how long a transaction may stay idle (PostgreSQL: `idle_in_transaction_session_timeout` for its role; MariaDB: `idle_transaction_timeout`).
Check afterwards: ask again; `idle-in-transaction`, `blocking-tree`, `missing-index`, `top-queries` must be normal.

Compared two samples 5 s apart, until 2026-11-21 14:30 CST. Confidence: measured directly.
""")


def test_too_many_connections():
    hot = faults.found(
        "conn-hot-client", "warning", "app@10.0.0.9/leaky", user="app", client="10.0.0.9", application="leaky",
        database="shop", sessions=80, idle=78, share=0.82,
    )  # fmt: skip
    assert golden("too many connections", faults.connections(), hot, *faults.fine_but("conn-usage")) == snapshot("""\
**rm-demo-shop: app from 10.0.0.9 (leaky) holds 80 connections.**

92 of 97 connections are taken (95 %): that is an effect. More of it would not cure the cause.

**Measured**
- «conn-hot-client»
  - It leads to: 92 of 97 connections are taken (95 %)
**Why**: «conn-hot-client: why»
**What to do**: have its owner restart or shrink that client's pool; 78 of its 80 sessions are idle and can be ended without loss.
**For good**: limit that client's pool.

Fine: active sessions 0.4 on 2 processors, CPU 12 % busy, cache hit 99.7 %, disk 23 GiB of 100 GiB (23 %), nobody waits for a lock.

Measured at 2026-11-21 14:30 CST. Confidence: measured directly.
""")


def test_a_healthy_instance():
    assert golden("is anything wrong?", *faults.fine()) == snapshot("""\
**No fault measured on rm-demo-shop.**

- active sessions 0.4 on 2 processors
- connections 23 of 97 (24 %)
- CPU 12 % busy
- disk 23 GiB of 100 GiB (23 %)
- cache hit 99.7 %

Is there something you noticed: slowness, errors, a full disk? Then say which, and since when.

Measured at 2026-11-21 14:30 CST.
""")


def test_a_healthy_instance_in_chinese():
    assert golden("实例有没有问题", *faults.fine()) == snapshot("""\
**rm-demo-shop：未测得故障。**

- 活跃会话 0.4（2 核）
- 连接数 23/97（24 %）
- CPU 12 %
- 磁盘 23 GiB/100 GiB（23 %）
- 缓存命中率 99.7 %

您是否注意到什么现象：变慢、报错、磁盘满？请告诉我是哪一种，从什么时候开始。

测量时间：2026-11-21 14:30 CST。
""")


def test_more_processors_would_not_help():
    assert golden("I think we need more CPU", *faults.fine()) == snapshot("""\
**No fault measured on rm-demo-shop right now: nothing in the database explains slowness at this moment.**

- CPU 12 % busy
- active sessions 0.4 on 2 processors
- connections 23 of 97 (24 %)
- cache hit 99.7 %
- disk 23 GiB of 100 GiB (23 %)

Measured at 2026-11-21 14:30 CST.
""")


def test_what_rights_do_not_show_is_said():
    assert golden("why is it slow", STATISTICS, *faults.fine_but("missing-index")) == snapshot("""\
**No fault measured on rm-demo-shop so far, but important checks could not be made (below).**

- active sessions 0.4 on 2 processors
- CPU 12 % busy
- connections 23 of 97 (24 %)
- cache hit 99.7 %
- disk 23 GiB of 100 GiB (23 %)

Which page or statement is slow, how long does it take and how long did it take before? Ask again while it is slow: I see what happens now.

Not measured: «top-queries: title» (an extension is missing).
What would let me see it (needs an administrator):
```sql
CREATE EXTENSION pg_stat_statements;
```

Measured at 2026-11-21 14:30 CST.
""")


def test_a_follow_up_about_connections():
    before = Exchange(question="实例rm-demo-shop 磁盘使用率", answer="23 %", instance="rm-demo-shop", symptom="disk")
    assert golden("那连接数呢?", *faults.fine(), history=(before,), visible=(SHOP, CLOUD)) == snapshot("""\
**rm-demo-shop：连接数 23/97（24 %），没有问题。**

- 活跃会话 0.4（2 核）
- CPU 12 %
- 缓存命中率 99.7 %
- 磁盘 23 GiB/100 GiB（23 %）
- 没有会话在等锁

应用的连接池有多大，部署了几个副本？

测量时间：2026-11-21 14:30 CST。
""")
