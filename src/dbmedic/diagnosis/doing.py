"""Changes that a person asked the analyst for: which call proposes them, and what is said afterwards.  Pure.

Whoever asks for a change is shown exactly one statement: the cure of the first cause that was measured, or the end of
the session that was named.  Nothing runs here, and nothing runs before a person approved it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dbmedic.core.events import Event, ToolCalled, ToolReturned
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Call, Finding
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.rank import Verdict
from dbmedic.diagnosis.understand import Understood

CHANGES: Final = frozenset({"change", "create_index", "drop_index", "end_session", "maintain", "change_setting"})
"""Tools that change something."""
PURPOSE_CHARS: Final = 300

_END = "kill|terminate|end|cancel|stop|disconnect|杀掉|杀死|结束|終止|终止|断开|取消|強制終了|akhiri"
_WHAT = "session|connection|process|query|statement|pid|thread|会话|會話|连接|連接|线程|进程|查询|セッション|接続|sesi"
_POLITE = "please |can you |could you |just |now |帮我|請|请|直接|麻烦"
_SESSION: Final = re.compile(
    rf"(?:{_POLITE})*(?:{_END})\s*(?:the\s+|a\s+)?(?:{_WHAT})?\s*(?:with\s+)?(?:id|pid|no\.?|number|号)?\s*[#:：]?\s*"
    r"(\d{1,10})\b",
    re.IGNORECASE,
)
_ORDER: Final = re.compile(
    rf"(?:^|[.;,!?\u3002\uff0c\uff01\uff1f]\s*|\band |\bthen |{_POLITE})"
    rf"(?:{_END}|drop|create|add|build|apply|run|execute|analy[sz]e|vacuum)"
    r"\s+(?:it|them|that|this|these|those|the|an?|whatever|whoever)\b"
    r"|(?:帮我|請|请|直接|马上|立即|然后)\S{0,10}(?:杀掉|kill|结束|终止|删掉|删除|创建|建|加|执行|处理掉|修复)"
    r"|(?:并|再|就)(?:杀掉|kill|结束|终止|删掉|删除|创建|建上|加上|执行|处理掉|修复)",
    re.IGNORECASE,
)
_OBJECT_FIRST: Final = re.compile(
    r"[把将將]?(?:会话|會話|连接|連接|线程|进程|セッション)\s*[#:：]?\s*(\d{1,10})\s*を?(?:给我|給我)?"
    r"(?:kill|杀掉|杀死|结束|終止|终止|断开|強制終了|終了)",
    re.IGNORECASE,
)
_KINDS: Final = (
    (
        re.compile(r"\bind(?:ex|exes|ices|eks)\b|索引|インデックス", re.IGNORECASE),
        re.compile(r"\bindex\b", re.IGNORECASE),
    ),
    (
        re.compile(
            rf"\b(?:kill|terminate|disconnect)\b|杀|終止|终止|断开|强制|強制終了|\b(?:{_WHAT})\b", re.IGNORECASE
        ),
        re.compile(r"pg_terminate_backend|pg_cancel_backend|\bkill\b|client kill", re.IGNORECASE),
    ),
    (re.compile(r"vacuum|清理|膨胀", re.IGNORECASE), re.compile(r"\bvacuum\b|\boptimize\b", re.IGNORECASE)),
    (re.compile(r"analy[sz]e|统计信息|統計", re.IGNORECASE), re.compile(r"\banalyze\b", re.IGNORECASE)),
)
"""What a question asks to be done, and the statements that do it: whoever asks for an index is shown no KILL."""
_STATEMENT_ONLY: Final = re.compile(r"cancel|query|statement|取消|查询|语句", re.IGNORECASE)


def session(request: ModelRequest, asked: Understood) -> Call | None:
    """The call that ends the session which the question names; None when it names none, or nothing can be written."""
    text = request.question.text.strip()
    found = _OBJECT_FIRST.search(text) or (_SESSION.search(text) if asked.wants_change else _SESSION.match(text))
    if found is None or not _may(request, asked, "end_session"):
        return None
    args = {
        "instance": asked.instance,
        "session": int(found[1]),
        "purpose": _purpose(request),
        "only_its_statement": _STATEMENT_ONLY.search(found[0]) is not None,
    }
    return Call("k1", "end_session", args)


def cure(request: ModelRequest, asked: Understood, verdict: Verdict, seen: Evidence) -> Call | None:
    """The call that proposes the cure of the first cause of the kind that the question names, if it names one.

    None when none was asked for, found, or can be run.
    """
    if not (asked.wants_change or _ORDER.search(request.question.text)) or not _may(request, asked, "change"):
        return None
    causes = [cause.fact.finding for cause in (*verdict.roots, *verdict.contributing)]
    kinds = [does for names, does in _KINDS if names.search(request.question.text)]
    fitting = [
        one for one in causes if not kinds or (one.fix and any(does.search(one.fix.statement) for does in kinds))
    ]
    curable = next((finding for finding in fitting if _runs(finding)), None)
    if curable is None or curable.fix is None:
        return None
    args = {"instance": asked.instance, "statement": curable.fix.statement, "purpose": _purpose(request, curable)}
    if curable.fix.rollback:
        args["rollback"] = curable.fix.rollback
    return Call(f"k{len(seen.calls) + 1}", "change", args)


def outcome(events: Sequence[Event]) -> str | None:
    """What came of the changes of this turn, in the words of their tools; None while there are none."""
    called = {event.call for event in events if isinstance(event, ToolCalled) and event.tool in CHANGES}
    said = [event.content for event in events if isinstance(event, ToolReturned) and event.call in called]
    return "\n\n".join(said) if said else None


def _runs(finding: Finding) -> bool:
    """Whether the fix is one statement of SQL that a server can run as it stands."""
    fix = finding.fix
    return fix is not None and fix.planned and fix.safety not in ("FILE", "MAN", "RS") and "…" not in fix.statement


def _may(request: ModelRequest, asked: Understood, tool: str) -> bool:
    card = next((card for card in request.instances if card.id == asked.instance), None)
    return card is not None and card.writable and any(spec.name == tool for spec in request.tools)


def _purpose(request: ModelRequest, finding: Finding | None = None) -> str:
    asked = " ".join(request.question.text.split())[:PURPOSE_CHARS]
    return asked if finding is None else f"{asked} ({finding.check}: {finding.object})"[: PURPOSE_CHARS + 200]
