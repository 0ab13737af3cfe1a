"""The tools of an agent as ListCustomAgentTools describes them.  Pure."""

from __future__ import annotations

from typing import NamedTuple

from dbmedic.core.values import ToolSpec


class Words(NamedTuple):
    type: str
    """get, list, create, update or delete; anything but the first two writes."""
    zh: str
    tc: str
    en: str
    ja: str


WORDS = {
    "diagnose": Words(
        "get",
        "沿着一个症状查找原因:运行能够解释该症状的检查项。",
        "沿著一個症狀查找原因:執行能夠解釋該症狀的檢查項目。",
        "Follows a symptom to its cause: runs the checks that can explain it.",
        "症状から原因をたどり、それを説明できる検査を実行します。",
    ),
    "explain": Words(
        "get",
        "查看一条语句的执行计划,不执行该语句。",
        "查看一條語句的執行計畫,不執行該語句。",
        "Shows the plan of a statement without running it.",
        "文を実行せずに、その実行計画を表示します。",
    ),
    "instances": Words(
        "list",
        "列出可以测量的数据库实例。",
        "列出可以測量的資料庫執行個體。",
        "Lists the database instances that may be measured.",
        "測定できるデータベースインスタンスを一覧表示します。",
    ),
    "measure": Words(
        "get",
        "在一个实例上运行指定的检查项并返回测量值。",
        "在一個執行個體上執行指定的檢查項目並傳回測量值。",
        "Runs the named checks on an instance and returns what was measured.",
        "指定した検査をインスタンスで実行し、測定値を返します。",
    ),
    "query": Words(
        "get",
        "对系统目录和统计视图执行一条只读查询。",
        "對系統目錄和統計檢視執行一條唯讀查詢。",
        "Runs one read-only query on catalogues and statistics.",
        "システムカタログと統計に対して読み取り専用の問い合わせを一つ実行します。",
    ),
    "schema": Words(
        "get",
        "描述一张表的列、索引和大小,不读取任何行。",
        "描述一張表的欄位、索引和大小,不讀取任何資料列。",
        "Describes the columns, indexes and size of a table; reads no row of it.",
        "テーブルの列・索引・サイズを説明します(行は読みません)。",
    ),
    "search": Words(
        "get",
        "在知识库中查找做法或含义:运维手册,以及每个检查项的说明。",
        "在知識庫中查找做法或含義:維運手冊,以及每個檢查項目的說明。",
        "Looks up in the knowledge base how something is done or what it means: runbooks, and a page for each check.",
        "ナレッジベースで手順や意味を調べます:運用手引きと、各検査の説明ページ。",
    ),
}


def described(spec: ToolSpec) -> dict[str, str]:
    """A tool in four languages; one that has no words here says the first sentence of its own in all of them."""
    own = " ".join(spec.description.split()).partition(". ")[0].rstrip(".") + "."
    words = WORDS.get(spec.name) or Words("update" if spec.writes else "get", own, own, own, own)
    return {"Name": spec.name, "Type": words.type, "Zh": words.zh, "Tc": words.tc, "En": words.en, "Ja": words.ja}
