"""Questions about how things are done, with no instance involved: answered by extracting passages.  Pure.

Whether a question is one, and the words of its answer.  What is so on a server is never answered from a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dbmedic.core.events import Cited, Event, ToolReturned
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Call, Passage, Piece, Reasoning, Rests, Text
from dbmedic.diagnosis import names
from dbmedic.diagnosis.plain import plain
from dbmedic.diagnosis.said import Reader
from dbmedic.diagnosis.understand import Understood

LONGEST: Final = 300
"""Characters of a question: what is longer brings a plan or a log along."""
_ASKS: Final = re.compile(
    r"^(?:and |so |please |hi,? |hello,? )*(?:(?:can|could) you )?(?:tell me |explain (?:to me )?)?"
    r"(?:how (?:do|can|should|would|could|to|large should|big should|many \w+ should)\b"
    r"|(?:when|where) (?:do|does|should|would)\b|what (?:happens|should happen) (?:when|if)\b|what does .* mean\b"
    r"|what (?:is|are|'s) (?:the )?(?:difference|best|right|recommended|meaning|purpose|safest)\b|best practices?\b"
    r"|what (?:pool|share|size|value|order|index|isolation|eviction|grants|privileges)\b.* (?:should|fits?|needs?)\b"
    r"|which (?!index).* (?:should|fits?|needs?)\b|in which order\b|difference between\b|should (?:i|we) use\b"
    r"|(?:can|may|must) (?:i|we) (?:turn|switch|delete|drop|remove|enlarge|shrink|skip|use|run|rename|change|disable)\b"
    r"|is it (?:safe|worth|possible|ok|okay|better|wise)\b|does .* (?:break|block|lock|need|free|rewrite)\b)"
)
_ASKS_ZH: Final = re.compile(
    "如何|怎样(?!了)|怎么(?:安全|在线|给|加|建|创建|添加|做(?!到)|用|读|设|配|选|判断|防止|避免|恢复|清理|删|升级|备份|迁移|改|扩|分区|导入|限制)"
    "|什么(?:区别|不同|作用|影响|危害|意思|原理)|什么时候(?:用|该|要|需要|值得)|有哪些(?:限制|坑|方法|办法|步骤|注意)|最佳实践|注意事项"
    "|设多[大少]|多大合适|(?:应该|该|要)设|(?<!索引)可以(?:直接)?(?:关闭|删|停)"
)
_HERE: Final = re.compile(
    r"\b(?:now|today|currently|yesterday|tonight|here|since|ago|wrong|kill|you|last (?:night|hour|week)"
    r"|this (?:instance|database|db|server|table|query|morning|week)|my (?:database|db|server|instance|app)"
    r"|(?:fix|solve|do about|check|see|find|cure|stop) (?:it|this|that|them))\b"
    "|现在|当前|目前|今天|昨天|刚才|最近|这个|这台|这条|这张|我的|我们的|帮我|哪个实例|刚刚"
)
_THIS_ONE: Final = re.compile(
    r"(?:\bindex(?:es)?|\btables?|索引|表|インデックス|テーブル) ?[`\"']?[a-z]\w*_\w+", re.IGNORECASE
)
"""One index or table is named: whether it may go is measured."""
_CURE: Final = re.compile(
    r"\b(?:fix|solve|resolve|troubleshoot|diagnose|reduce|lower)\b|解决|排查|定位|诊断|降低|怎么办"
)
"""Where something can be measured, asking to mend a fault means measuring it."""


def asks(request: ModelRequest, asked: Understood) -> bool:
    """Whether the question is about how things are done, and the knowledge base may be searched."""
    text = plain(request.question.text)
    if not any(tool.name == "search" for tool in request.tools) or len(text) > LONGEST:
        return False
    if asked.unknown is not None or asked.window is not None:
        return False
    if names.named(request.question.text, request.instances) is not None:
        return False
    if request.history and (asked.follow is not None or "symptom" in asked.carried):
        return False
    if asked.topic in ("instances", "identity", "greeting", "thanks"):
        return False
    if (request.instances and _THIS_ONE.search(text)) or asked.statement is not None:
        return False
    if _HERE.search(text) or (request.instances and _CURE.search(text)):
        return False
    return bool(_ASKS.search(text) or _ASKS_ZH.search(text))


def lookup(request: ModelRequest, asked: Understood, reader: Reader) -> list[Piece]:
    """The call that searches."""
    args = {"query": request.question.text, "language": asked.language}
    return [Reasoning(reader.say("knowledge.step") + "\n"), Call("k1", "search", args)]


def answer(events: Sequence[Event], asked: Understood, reader: Reader) -> list[Piece]:
    """The best page's passages, each with its number, then where else to read; or that there is nothing."""
    cited: dict[str, Passage] = {}
    for event in events:
        if isinstance(event, Cited):
            cited.setdefault(event.passage.id, event.passage)
        elif isinstance(event, ToolReturned) and not event.ok:
            return [Text(reader.say("knowledge.failed", sentence=event.content.partition(": ")[2]) + "\n")]
    if not cited:
        nothing = "talk.other" if asked.topic == "other" else "knowledge.none"
        return [Text(reader.say(nothing) + "\n")]
    number = {id: place for place, id in enumerate(cited, 1)}
    best = next(iter(cited.values()))
    lines = [f"**{best.title}**"]
    others = []
    for passage in cited.values():
        if passage.document == best.document:
            lines += ["", *_marked(passage.text, number[passage.id]).splitlines()]
        else:
            others.append(f"{passage.title} [{number[passage.id]}]")
    if others:
        lines += ["", reader.say("knowledge.more", list=reader.listed(others))]
    return [*(Text(line + "\n") for line in lines), Rests(tuple(cited))]


def _marked(text: str, number: int) -> str:
    """A passage with its number, which never stands inside a code block."""
    return f"{text}\n\n[{number}]" if text.rstrip().endswith("```") else f"{text.rstrip()} [{number}]"
