"""Fences: text that somebody else wrote, shown to a model as data that cannot close its own fence.

Whatever looks like the fence, in any width or with invisible letters in between, like the marks by which model servers
tell roles apart, or hides from a reader, is broken up or taken out.  Pure.
"""

from __future__ import annotations

import re
from typing import Final

_OPEN = "<＜﹤‹〈⟨〈˂≺&"
_SLASH = r"[/／⁄∕\\]"
_FENCE: Final = re.compile(
    rf"[{_OPEN}](?:lt;)?(?=\s*+(?:{_SLASH}\s*+)?[dｄ𝐝𝚍ԁⅾ][aａ𝐚𝚊а][tｔ𝐭𝚝т][aａ𝐚𝚊а](?![a-z]))", re.IGNORECASE
)
_ROLES: Final = re.compile(
    r"<(?=\|)|(?<=\|)>|\[(?=/?(?:INST|SYS(?:TEM)?|ASSISTANT|USER|TOOL_?(?:CALLS?|RESULTS?)?)\])|"
    r"<(?=<\s*/?SYS)|<(?=/?(?:s|think|system|user|assistant|human|tool_?calls?|tool_?response|tool_?results?|"
    r"function_?calls?|function_?results?|invoke|antml:[a-z_]+|start_of_turn|end_of_turn)\b[^<\n]{0,40}>)",
    re.IGNORECASE,
)
_HIDDEN: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U000e0000-\U000e0fff]"
)


def safe(text: str) -> str:
    """The text as it can stand inside a fence: no letter that hides, no mark that could be taken for ours."""
    return _ROLES.sub(_broken, _FENCE.sub("<_", _HIDDEN.sub("", text)))


def fence(label: str, text: str, *, cut: str = "") -> str:
    """A text as data: `label` says what it is ('tool="query"'), `cut` what was left out of it."""
    return f"<data {label}>\n{safe(text)}{cut}\n</data>"


def word(text: str, most: int = 200) -> str:
    """A name that somebody else chose, on one line and without quotes, for the label of a fence."""
    return " ".join(safe(text).replace('"', "'").replace(">", "›").split())[:most]


def _broken(mark: re.Match[str]) -> str:
    return "_>" if mark[0] == ">" else f"{mark[0]}_"
