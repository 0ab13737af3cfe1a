"""The gate before every engine: one harmless read, with its parameters in the server's own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbmedic.core.errors import StatementFailed, WriteRefused
from dbmedic.kit import statements
from dbmedic.kit.statements import Reading


def bound(sql: str, params: Mapping[str, Any] | None, engine: str) -> tuple[str, list[Any]]:
    """The text with the server's placeholders and the values in their order.  Raises `StatementFailed`."""
    try:
        return statements.bind(sql, params, engine)
    except KeyError as error:
        raise StatementFailed(f"parameter {error} is not given", "") from None
    except ValueError as error:
        raise StatementFailed(str(error), "") from None


def refused(text: str, engine: str) -> Reading:
    """What the statement is.  Raises `WriteRefused` for anything but one harmless read."""
    reading = statements.reading(text, engine)
    if reading.refusal is not None:
        raise WriteRefused(text, reading.refusal)
    return reading
