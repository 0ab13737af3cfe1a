"""What is said when nothing could be measured, and first sentences in every language."""

# ruff: noqa: E501 - lines of an answer are as long as they are

from __future__ import annotations

import msgspec
from inline_snapshot import snapshot
from tests.diagnosis import faults
from tests.diagnosis.scene import CLOUD, SHOP, answered, decide, golden, normal, request, said, turn

from dbmedic.diagnosis.symptoms import symptoms


def test_a_server_that_cannot_be_reached():
    log = turn(ok=False, content="unreachable: rm-demo-shop: connection refused at 10.0.0.5:5432")
    assert said(decide(request("为什么慢", log))) == snapshot("""\
**无法连接到 rm-demo-shop：** rm-demo-shop: connection refused at 10.0.0.5:5432.
请确认实例正在运行、主机和端口正确、防火墙放行本机：`dbmedic instance check rm-demo-shop`。没有测得任何数据，因此不对其状态下结论。
""")


def test_a_wrong_password():
    log = turn(ok=False, content='sign_in_failed: password authentication failed for user "dbmedic"')
    assert said(decide(request("is anything wrong?", log))) == snapshot("""\
**rm-demo-shop refused the login:** password authentication failed for user "dbmedic".
Register the instance again with the right user and password (`dbmedic instance remove rm-demo-shop`, then `dbmedic instance add rm-demo-shop URL`). Nothing was measured.
""")


def test_an_unknown_instance():
    assert said(decide(request("rm-demo-sho is slow", visible=(SHOP, CLOUD)))) == snapshot("""\
**There is no instance `rm-demo-sho` that you may see.** I have measured nothing, rather than the wrong database.
Did you mean `rm-demo-shop`?

Instances you can ask about:
- `rm-demo-shop` (Shop · postgres)
- `rm-bp1abc234def` (订单库 · mysql)
""")


def test_asking_back():
    assert said(decide(request("磁盘使用率", visible=(SHOP, CLOUD)))) == snapshot("""\
**您指的是哪个实例？** 我能看到不止一个，请说出其中一个，我再测量：
- `rm-demo-shop` (Shop · postgres)
- `rm-bp1abc234def` (订单库 · mysql)
""")


def test_no_instance_at_all():
    assert said(decide(request("is anything wrong?", visible=()))) == snapshot("""\
No instance is registered yet, so there is nothing to measure. Register one with:
```
dbmedic instance add shop postgresql://user:password@host:5432/shop
```
A read-only account is enough; `dbmedic instance check shop` then says what it may see. Without registering: `dbmedic ask "Is anything wrong?" --on postgresql://user:password@host/shop`.
""")


def test_something_else():
    assert said(decide(request("what's the weather like?"))) == snapshot("""\
That is not about a database, so I cannot help with it. I measure databases and find causes.
Ask, for example: “Is anything wrong?”, “Why is it slow since this morning?”, “How full is the disk, do we need more?”, “Who blocks whom?”

Instances you can ask about:
- `rm-demo-shop` (Shop · postgres)
""")


def test_japanese_and_indonesian():
    block = faults.idle(), faults.blocking()
    assert answered("誰がブロックしていますか", *block).splitlines()[0] == snapshot(
        "**rm-demo-shop：セッション 4711（shop、checkout）がトランザクションを開いたまま 12 min 放置しています。その間 public.orders で 8 セッションが止まっています。**"
    )
    assert answered("siapa yang memblokir", *block).splitlines()[0] == snapshot(
        "**rm-demo-shop: Sesi 4711 (shop, checkout) membiarkan transaksi terbuka dan menganggur selama 12 min, dan memblokir 8 sesi pada public.orders.**"
    )
    assert answered("ディスクは足りていますか", faults.disk()).splitlines()[0] == snapshot(
        "**rm-demo-shop のディスク使用率は 23 %（100 GiB 中 23 GiB、残り 77 GiB）。今のところ拡張は不要です。**"
    )
    assert answered("apakah disk penuh?", faults.disk()).splitlines()[0] == snapshot(
        "**Disk rm-demo-shop terisi 23 % (23 GiB dari 100 GiB, sisa 77 GiB): belum perlu ditambah.**"
    )
    assert answered("磁碟快滿了嗎", faults.disk()).splitlines()[0] == snapshot(
        "**rm-demo-shop 的磁碟使用率為 23 %（已用 23 GiB，總量 100 GiB，剩餘 77 GiB），目前不需要擴充容量。**"
    )


def test_what_no_check_looks_at(monkeypatch):
    plan = msgspec.structs.replace(symptoms()["backup"], lead=("a-check-of-tomorrow",))
    monkeypatch.setitem(symptoms(), "backup", plan)
    assert golden(
        "备份是否正常", normal("topology-role", role="primary", version="18.1", database="shop", replicas=1)
    ) == snapshot("""\
**rm-demo-shop 的备份：无法判断，dbmedic 目前还没有这方面的检查。** 因此既不代表正常，也不代表异常。

测量时间：2026-11-21 14:30 CST。
""")
