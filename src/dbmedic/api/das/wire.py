"""DAS 2020-01-16: errors of the agent operations.

Codes that the product's reference does not list are our own choice, all in this file.
"""

from __future__ import annotations

from collections.abc import Mapping

from dbmedic.api import aliyun_errors
from dbmedic.api.aliyun_reply import Fault
from dbmedic.core.errors import Busy, Failure

ERRORS: Mapping[type[Failure], str] = {**aliyun_errors.COMMON, Busy: "Throttling.UserConcurrentLimit"}
"""Class -> code."""
KINDS = {
    "conversation": ("SessionNotFound", "The session does not exist."),
    "agent": ("AgentNotFound", "The agent does not exist."),
    "interrupt": ("InterruptNotFound", "The interrupt does not exist or was resumed already."),
}
"""What was not found -> code and message."""
SOURCE = "yaochi"
"""Where the request names no `Source`."""
STATUSES = {"Throttling.UserConcurrentLimit": 429}


def fault_of(failure: Failure) -> Fault:
    """What this API answers to one of our errors."""
    return aliyun_errors.fault_of(failure, ERRORS, KINDS, STATUSES)
