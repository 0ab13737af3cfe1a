"""How many questions a key may still ask, as OpenAI's headers say it.

https://platform.openai.com/docs/guides/rate-limits
"""

from __future__ import annotations

from dbmedic.api.http import Header
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller


def limits(assistant: Assistant, caller: Caller) -> tuple[Header, ...]:
    """Empty where nothing limits the caller."""
    rates = assistant.turns.admission.rates
    left = rates.allowance(caller) if rates is not None and rates.limited(caller) else None
    if left is None:
        return ()
    return (
        (b"x-ratelimit-limit-requests", str(left.limit).encode()),
        (b"x-ratelimit-remaining-requests", str(left.remaining).encode()),
        (b"x-ratelimit-reset-requests", f"{left.reset_s:.3g}s".encode()),
    )
