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
    "change": Words(
        "update",
        "经人批准后执行一条会产生变更的语句。",
        "經人核准後執行一條會產生變更的語句。",
        "Runs one statement that changes something, once a person approved exactly it.",
        "変更を行う文を一つ、人がその文を承認した後に実行します。",
    ),
    "change_setting": Words(
        "update",
        "经人批准后修改服务器的一个参数。",
        "經人核准後修改伺服器的一個參數。",
        "Changes one setting of a server, once a person approved it.",
        "人の承認後に、サーバーの設定を一つ変更します。",
    ),
    "changes": Words(
        "get",
        "说明某个时间以来发生了哪些变化:变慢或新出现的语句、增长、参数、重启。",
        "說明某個時間以來發生了哪些變化:變慢或新出現的語句、成長、參數、重新啟動。",
        "Tells what changed since a time: slower or new statements, growth, settings, restarts.",
        "ある時点以降の変化を示します:遅くなった文や新しい文、増加、設定、再起動。",
    ),
    "create_index": Words(
        "create",
        "经人批准后在不阻塞写入的情况下创建索引。",
        "經人核准後在不阻塞寫入的情況下建立索引。",
        "Builds an index without stopping writers, once a person approved it.",
        "人の承認後に、書き込みを止めずに索引を作成します。",
    ),
    "drop_index": Words(
        "delete",
        "经人批准后删除一个不承担约束的索引。",
        "經人核准後刪除一個不承擔約束的索引。",
        "Drops an index that keeps no constraint, once a person approved it.",
        "人の承認後に、制約に使われていない索引を削除します。",
    ),
    "end_session": Words(
        "delete",
        "经人批准后结束一个会话,或取消其正在执行的语句。",
        "經人核准後結束一個工作階段,或取消其正在執行的語句。",
        "Ends a session, or cancels what it runs, once a person approved it.",
        "人の承認後に、セッションを終了するか、実行中の文を取り消します。",
    ),
    "maintain": Words(
        "update",
        "经人批准后更新一张表的统计信息或清理该表。",
        "經人核准後更新一張表的統計資訊或清理該表。",
        "Renews the statistics of a table or cleans it up, once a person approved it.",
        "人の承認後に、テーブルの統計を更新するか、整理します。",
    ),
    "playbook": Words(
        "get",
        "读取一份处理步骤手册。",
        "讀取一份處理步驟手冊。",
        "Reads one playbook: the steps for a known kind of trouble.",
        "既知の問題に対する手順書を一つ読みます。",
    ),
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
