"""What is not carried out of a database, whoever asks: password hashes, passwords in connection strings, and the values
of users' rows that statistics keep.

The right to read them is the account's; that they end in an answer, a log or a model's prompt is ours to prevent.
Texts that a function of SQL has taken apart are not recognised: the account templates cannot read them at all.
"""

from __future__ import annotations

import re
from typing import Any

from dbmedic.core.values import Row

HIDDEN = "<hidden>"
COLUMNS = frozenset(
    (
        "rolpassword", "passwd", "authentication_string", "password", "umoptions", "most_common_vals",
        "most_common_elems", "histogram_bounds", "stavalues1", "stavalues2", "stavalues3", "stavalues4", "stavalues5",
        "lock_data",
    )
)  # fmt: skip
"""Names of result columns whose values are never kept, in lower case."""
_PLACES = re.compile(
    r"authid|shadow|subscription|user_mapping|foreign_server|conninfo|setting|mysql.{0,3}\..{0,3}user|global_priv|pg_stat|"
    r"data_locks|innodb_locks|show\s+(all|create)|slave|replica|rolpassword|passwd|password|authentication|column_stats",
    re.IGNORECASE,
)
"""Words of statements that may meet a secret; all others skip the search."""
_VALUES = re.compile(
    r"SCRAM-SHA-256\$\d+:[^\s,)\"]+|\bmd5[0-9a-f]{32}\b|\*[0-9A-F]{40}\b|\$A\$\d{3}\$[^\"\s]{20,}"
    r"|(?<=password=)(?:'(?:[^'\\]|\\.)*'|[^\s,}\"]+)|(?<=\"authentication_string\": \")[^\"]+|(?<=://)[^/\s@]+:[^/\s@]+(?=@)"
    r"|(?<=password )'(?:[^']|'')*'|(?<=identified by )'(?:[^']|'')*'",
    re.IGNORECASE,
)
_HINTS = re.compile(r"SCRAM-|md5|\*[0-9A-Fa-f]{4}|\$A\$|assword|ASSWORD|dentified|DENTIFIED|://")
"""What every secret has in it; most texts have none, and are not searched further."""


def hidden(text: str) -> str:
    """The text without passwords and their hashes."""
    return _VALUES.sub(HIDDEN, text) if _HINTS.search(text) else text


def without_secrets(rows: list[Row], sql: str) -> list[Row]:
    """The rows of a statement, with what is secret in them replaced."""
    if not rows or not _PLACES.search(sql):
        return rows
    return [{name: _clean(name, value) for name, value in row.items()} for row in rows]


def _clean(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if name.lower() in COLUMNS:
        return HIDDEN if value else value
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, list):
        return [_clean("", one) for one in value]
    if isinstance(value, dict):
        return {key: _clean(key, one) for key, one in value.items()}
    return value
