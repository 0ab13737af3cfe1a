"""PolarDB 2017-08-01: errors of the agent operations.

Codes that the product's reference does not list are our own choice, all in this file.
"""

from __future__ import annotations

from collections.abc import Mapping

from dbmedic.api import aliyun_errors
from dbmedic.api.aliyun_fields import SOURCE_CHARS, Fields, session_id
from dbmedic.api.aliyun_reply import Fault
from dbmedic.core.errors import Busy, Failure

ERRORS: Mapping[type[Failure], str] = {**aliyun_errors.COMMON, Busy: "Throttling.UserConcurrentLimit"}
"""Class -> code."""
KINDS = {
    "conversation": ("SessionNotFound", "The session does not exist."),
}
"""What was not found -> code and message."""
PRODUCT = "polardb"
"""On every frame."""
SOURCE = "polardb-console"
"""Where the request names no `Source`."""
FEEDBACK = {None: "0", "like": "1", "dislike": "2"}
"""Rating -> `FeedbackType`."""
ACTIVE, CLOSED = 1, 0
"""States of a session."""
STATUSES = {"Throttling.UserConcurrentLimit": 429}


def fault_of(failure: Failure) -> Fault:
    """What this API answers to one of our errors."""
    return aliyun_errors.fault_of(failure, ERRORS, KINDS, STATUSES)


def session_required(fields: Fields) -> str:
    """Of the operations that only look at a session; the other parameter they have is checked with it."""
    fields.text("Source", limit=SOURCE_CHARS)
    fields.required("SessionId")
    return session_id(fields) or ""
