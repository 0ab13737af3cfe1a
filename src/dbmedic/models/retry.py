"""When a model is asked again, and with how much: waits that grow, what a service asks for, smaller transcripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LEAST_WINDOW: Final = 1_024
"""Tokens; nothing is shortened below."""


def back_off(first_s: float, attempt: int, after_s: float | None, random: float) -> float:
    """Seconds until the next attempt: doubled each time, half of it by chance (`random` 0..1).

    What the service asked for (`after_s`) stands above that, and a little more so that not all come at once.  Pure.
    """
    if after_s == 0:
        return 0.0
    own: float = first_s * 2 ** (attempt - 1) * (0.5 + random / 2)
    return own if after_s is None else after_s * (1 + random / 10)


def asked_s(header: str) -> float | None:
    """Seconds that a `Retry-After` asks us to wait, given as seconds or as a date; None when it says none."""
    try:
        return max(0.001, float(header))
    except ValueError:
        pass
    try:
        return max(0.001, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def smaller(why: str, asked: int, window: int) -> int:
    """The context window to try next: what the service says it has, else half of what was asked.  Pure.

    `asked`: tokens of the whole transcript; `window`: what was tried, 0 for the whole.
    """
    said = [int(number) for number in re.findall(r"\d{3,9}", why.replace(",", ""))]
    limit = min(said, default=0)
    if limit >= LEAST_WINDOW and (not window or limit < window):
        return limit
    return max(LEAST_WINDOW, (window or asked * 4 // 3) // 2)
