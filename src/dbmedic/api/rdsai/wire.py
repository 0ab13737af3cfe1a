"""RDS AI 2025-05-07: errors, times and pages.

Codes that the product's reference does not list are our own choice, all in this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dbmedic.api import aliyun_errors
from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_reply import Fault
from dbmedic.core.errors import Busy, Failure

ERRORS: Mapping[type[Failure], str] = {**aliyun_errors.COMMON, Busy: "TooManyRequests"}
"""Class -> code."""
KINDS = {
    "conversation": ("ConversationNotFound", "The conversation does not exist."),
    "message": ("MessageNotFound", "The message does not exist."),
    "task": ("TaskNotFound", "The task does not exist."),
    "call": ("CallNotFound", "The call does not exist or was resumed already."),
    "agent": ("CustomAgentNotFound", "The custom agent does not exist."),
    "skill": ("SkillNotFound", "The skill does not exist."),
}
"""What was not found -> code and message."""
STATUSES = {"TooManyRequests": 429}


def fault_of(failure: Failure) -> Fault:
    """What this API answers to one of our errors."""
    return aliyun_errors.fault_of(failure, ERRORS, KINDS, STATUSES)


def seconds(at: datetime) -> str:
    """Epoch seconds as text, as conversations and messages have it."""
    return str(int(at.timestamp()))


def date(at: datetime) -> str:
    """A date as agents and skills have it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def page(fields: Fields, size: int) -> tuple[int, int]:
    """Number and size of the page asked for; `size` is the default."""
    return fields.integer("PageNumber", 1, 1, 1_000_000), fields.integer("PageSize", size, 1, 100)
