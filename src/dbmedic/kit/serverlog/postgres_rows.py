"""PostgreSQL's csvlog and jsonlog, whose fields need no guessing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

import msgspec

from dbmedic.kit.serverlog.entry import Entry
from dbmedic.kit.serverlog.postgres import SEVERITIES, Draft, entry, moment

COLUMNS = (
    "timestamp", "user", "dbname", "pid", "remote_host", "session_id", "line_num", "ps", "session_start", "vxid",
    "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position",
    "context", "statement", "cursor_position", "func_name", "application_name",
)  # fmt: skip
"""Of csvlog, under the names that jsonlog has; newer versions add more."""
_FIELDS = {"pid": "pid", "user": "user", "dbname": "database", "remote_host": "host", "state_code": "code",
           "application_name": "application"}  # fmt: skip


def from_csv(lines: Iterable[tuple[datetime | None, str]], zone: tzinfo) -> list[Entry]:
    """The entries of csvlog; a row that was cut at the start is passed over."""

    def texts() -> Iterator[str]:
        begun = False
        for _, line in lines:
            begun = begun or moment(line[:30], zone) is not None
            if begun:
                yield line.replace("\0", "") + "\n"

    csv.field_size_limit(16 * 1024 * 1024)
    found: list[Entry] = []
    try:
        for row in csv.reader(texts()):
            one = _entry(dict(zip(COLUMNS, row, strict=False)), zone) if len(row) >= len(COLUMNS) else None
            found += [one] if one is not None else []
    except csv.Error:
        pass  # the last row is still being written
    return found


def from_json(lines: Iterable[tuple[datetime | None, str]], zone: tzinfo) -> list[Entry]:
    """The entries of jsonlog, a line each; a line that is cut is passed over."""
    found: list[Entry] = []
    for _, line in lines:
        if not line.startswith("{"):
            continue
        try:
            row = msgspec.json.decode(line.encode())
        except msgspec.DecodeError:
            continue
        if isinstance(row, dict):
            one = _entry({name: str(value) for name, value in row.items()}, zone)
            found += [one] if one is not None else []
    return found


def _entry(row: Mapping[str, str], zone: tzinfo) -> Entry | None:
    at, severity = moment(row.get("timestamp", ""), zone), SEVERITIES.get(row.get("error_severity", ""))
    if at is None or severity is None:
        return None
    fields = {ours: row[theirs].rpartition(":")[0] if theirs == "remote_host" and ":" in row[theirs] else row[theirs]
              for theirs, ours in _FIELDS.items() if row.get(theirs)}  # fmt: skip
    draft = Draft(at, severity, fields, row.get("message", ""))
    for part in ("detail", "context", "statement"):
        if row.get(part):
            draft.add(part, row[part])
    return entry(draft)
