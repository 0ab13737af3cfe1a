"""How much of a server's answer is kept."""

from __future__ import annotations

from typing import Any

from dbmedic.core.values import Row

CONNECT_S = 5.0
"""Longest wait for a connection, sign-in included."""
MAX_BYTES = 8 * 1024 * 1024


class Cut:
    """Rows as they come, until `max_rows` of them or about 8 MiB are there."""

    def __init__(self, max_rows: int) -> None:
        self.rows: list[Row] = []
        self._left, self._room = max_rows, MAX_BYTES

    def takes(self, row: Row) -> bool:
        """Keeps the row, or says that there is no room for it."""
        self._left -= 1
        self._room -= size_of(row)
        if self._left < 0 or self._room < 0:
            return False
        self.rows.append(row)
        return True


def size_of(value: Any) -> int:
    """Roughly how many bytes a value holds."""
    if isinstance(value, str | bytes):
        return len(value) + 8
    if isinstance(value, dict):
        return sum(map(size_of, value.values())) + 8
    if isinstance(value, list | tuple):
        return sum(map(size_of, value)) + 8
    return 8
