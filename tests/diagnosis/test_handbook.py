"""Questions about how things are done: when the knowledge base is searched, and how its passages become an answer."""

import msgspec
import pytest
from tests.diagnosis.scene import CLOUD, SHOP, request, said

from dbmedic.core.events import Cited, ToolCalled, ToolReturned
from dbmedic.core.values import Call, Exchange, Passage, Rests, ToolSpec
from dbmedic.diagnosis.analyst import decide

TOOLS = tuple(ToolSpec(name=name, description="", schema={}) for name in ("diagnose", "measure", "search"))


def asking(text, events=(), **more):
    return msgspec.structs.replace(request(text, events, **more), tools=TOOLS)


def passage(id, document="d1", title="Online index", text="Use CONCURRENTLY.", position=1):
    return Passage(id=id, library="l", document=document, title=title, position=position, text=text, score=0.9)


def searched(text, *passages, ok=True):
    call = ToolCalled(call="k1", tool="search", args={"query": text}, reply=1, writes=False)
    cited = [Cited(call="k1", passage=one) for one in passages]
    return decide(asking(text, (call, *cited, ToolReturned(call="k1", ok=ok, content="store_full: the disk is full"))))


@pytest.mark.parametrize(
    "text",
    [
        "how do I add an index without blocking writes?", "How should I size the buffer pool?", "如何安全地扩容磁盘?",
        "can I turn autovacuum off?", "what is the best isolation level for reports?", "什么时候值得做分区",
        "what happens when transaction ids run out?", "PgBouncer 事务模式有哪些限制", "怎么给大表加索引不锁表",
        "is it safe to drop an unused index?", "VACUUM FULL 和 pg_repack 有什么区别",
    ],
)  # fmt: skip
@pytest.mark.parametrize("visible", [(), (SHOP,), (SHOP, CLOUD)], ids=["none", "one", "two"])
def test_how_something_is_done_is_looked_up(text, visible) -> None:
    _, call = decide(asking(text, visible=visible))
    assert isinstance(call, Call)
    assert (call.tool, call.args["query"]) == ("search", text)


@pytest.mark.parametrize(
    "text",
    [
        "why is it slow?", "how full is the disk?", "how many connections are open?",
        "实例rm-demo-shop 磁盘使用率,是否需要扩容",
        "how do I fix it?", "如何解决数据库慢的问题", "what is wrong with the database?",
        "现在怎么这么慢", "磁盘满了怎么办",
        "how do I find what blocks my database right now?", "怎么回事", "can you check the locks?",
        "连接数满了怎么解决",
        "how is the replication lag?", "which indexes are unused?", "what are the top queries?", "CPU为什么这么高",
        "how can I reduce the CPU load?", "rm-demo-shop 如何扩容磁盘",
    ],
)  # fmt: skip
def test_what_is_so_on_a_server_is_measured(text) -> None:
    assert "search" not in [piece.tool for piece in decide(asking(text)) if isinstance(piece, Call)]


def test_a_follow_up_stays_with_the_instance() -> None:
    before = Exchange(question="磁盘使用率", answer="93 %", instance="rm-demo-shop", symptom="disk")
    pieces = decide(asking("如何解决?", history=(before,)))
    assert [piece.tool for piece in pieces if isinstance(piece, Call)] == ["diagnose"]


def test_without_the_tool_nothing_is_looked_up() -> None:
    pieces = decide(request("how do I add an index without blocking writes?"))
    assert "search" not in [piece.tool for piece in pieces if isinstance(piece, Call)]


def test_the_answer_is_the_passages_with_their_numbers() -> None:
    pieces = searched(
        "how do I add an index?",
        passage("a"), passage("b", text="```sql\nselect 1\n```", position=2), passage("c", "d2", "Locks"),
    )  # fmt: skip
    assert said(pieces) == (
        "**Online index**\n\nUse CONCURRENTLY. [1]\n\n```sql\nselect 1\n```\n\n[2]\n\nSee also: Locks [3].\n"
    )
    assert pieces[-1] == Rests(("a", "b", "c"))


def test_nothing_found_is_said() -> None:
    assert "nothing about this" in said(searched("how do I add an index to a graph?"))
    assert "没有找到" in said(searched("如何给图数据库加索引?"))


def test_a_search_that_failed_is_said() -> None:
    answer = said(searched("how do I add an index?", ok=False))
    assert answer == "**The knowledge base could not be searched:** the disk is full\n"
