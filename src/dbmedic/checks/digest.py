"""Texts of statement digests of MySQL and MariaDB: as one would write them, and as they can be compared.  Pure."""

from __future__ import annotations

import re

from dbmedic.checks.template import RESERVED
from dbmedic.kit.statements.reading import functions

WRITTEN = {
    "DISTINCTROW": "DISTINCT", "NOW": "CURRENT_TIMESTAMP", "CURDATE": "CURRENT_DATE", "CURTIME": "CURRENT_TIME",
}  # fmt: skip
"""How one writes what digests of MySQL and MariaDB call otherwise."""
SAME = {
    "distinctrow": "distinct", "now": "current_timestamp", "localtime": "current_timestamp",
    "localtimestamp": "current_timestamp", "curdate": "current_date", "curtime": "current_time",
    "substr": "substring", "mid": "substring", "database": "schema", "std": "stddev_pop", "stddev": "stddev_pop",
    "char": "character", "int": "integer", "user": "system_user", "session_user": "system_user",
}  # fmt: skip
"""Words that digests tell as one."""


def tidy(digest: str) -> str:
    """A digest of MySQL as one would write it: no quotes around plain names, no blanks around dots and in calls.

    Digests call words by the first name that the server's grammar has for them.
    """
    calls = functions("mysql")["read"]
    bare = re.sub(r"`([A-Za-z_][A-Za-z0-9_]*)`", _unquoted, digest)
    bare = re.sub(r"\s*\.\s*(?=[A-Za-z_`*])", ".", bare)
    bare = re.sub(r"\bSQL_TSI_(?=[A-Z]+\b)", "", bare)
    bare = re.sub(r"\b(DISTINCTROW\b|(NOW|CURDATE|CURTIME)\b(?!\s*\())", lambda word: WRITTEN[word[0]], bare)
    bare = re.sub(r"\b(\w+)\s+\(", lambda call: f"{call[1]}(" if call[1].lower() in calls else call[0], bare)
    return re.sub(r"\s+([,)])", r"\1", re.sub(r"\(\s+", "(", bare)).strip()


def _unquoted(name: re.Match[str]) -> str:
    return name[0] if name[1].lower() in RESERVED else name[1]


def shape(query: str) -> str:
    """A text by which the same statement is known in counters and in the list of sessions: no values, no comments."""
    text = re.sub(r"/\*.*?\*/", "", query.lower(), flags=re.DOTALL)
    text = re.sub(r"\(\s*\.\.\.\s*\)", "(?)", text)
    text = re.sub(r"\?(\s*,\s*(\?|\.\.\.))+", "?", text)
    text = re.sub(r"[a-z_]+", lambda word: SAME.get(word[0], word[0]), text)
    return re.sub(r"\$\d+|\?|\s+|`|;$|sql_tsi_", "", text)[:900]
