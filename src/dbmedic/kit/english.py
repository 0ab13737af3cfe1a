"""One of a thing in English: texts are written for many, and a count of one turns their noun and verb.  Pure."""

from __future__ import annotations

import re
from typing import Final

_NOUNS: Final = {
    one + ("es" if one.endswith(("s", "x")) else "s"): one
    for one in (
        "account", "call", "change", "checkpoint", "client", "column", "commit", "connection", "copy", "database",
        "deadlock", "error", "event", "failure", "file", "finding", "index", "instance", "key", "line", "lock",
        "lookup", "member", "message", "minute", "multixact", "node", "object", "page", "partition", "process",
        "processor", "replica", "result", "role", "row", "rule", "second", "session", "setting", "slot", "sort",
        "standby", "statement", "step", "table", "thread", "transaction", "type", "update", "user", "warning", "write",
    )
} | {"queries": "query", "entries": "entry", "copies": "copy"}  # fmt: skip
_VERBS: Final = {
    "are": "is", "were": "was", "have": "has", "do": "does", "wait": "waits", "hold": "holds", "take": "takes",
    "run": "runs", "use": "uses", "scan": "scans", "queue": "queues", "make": "makes", "lie": "lies", "lack": "lacks",
    "stand": "stands", "write": "writes", "read": "reads",
}  # fmt: skip
_ONE: Final = re.compile(
    rf"(?<![\w.,:/%\u00a0\u202f-])1 ((?:other|more|new|separate|active|idle|dead) )?({'|'.join(_NOUNS)})\b"
    rf"(?: ({'|'.join(_VERBS)})\b)?"
)
_ONCE: Final = re.compile(
    r"(?<![\w.,:/%\u00a0\u202f-])1 times\b(?! (?:as|off|the|one|over|slower|more|what|its|writers))"
)
_CODE: Final = re.compile(r"(`[^`]*`)")


def singular(text: str) -> str:
    """The text with "1 sessions wait" as "1 session waits" and "1 times" as "once"; code in backticks stays.

    >>> singular("1 other sessions wait for it; it was seen 1 times, beside 11 rows and `limit 1 rows`.")
    '1 other session waits for it; it was seen once, beside 11 rows and `limit 1 rows`.'
    """
    if "1 " not in text:
        return text
    parts = _CODE.split(text)
    parts[::2] = [_ONE.sub(_turned, _ONCE.sub("once", part)) for part in parts[::2]]
    return "".join(parts)


def _turned(found: re.Match[str]) -> str:
    verb = f" {_VERBS[found[3]]}" if found[3] else ""
    return f"1 {found[1] or ''}{_NOUNS[found[2]]}{verb}"
