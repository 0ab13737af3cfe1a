"""Our own errors in the words of Alibaba Cloud's gateway; each product names what differs in its `wire.py`.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dbmedic.api.aliyun_reply import Fault
from dbmedic.core.errors import (
    BadAsk,
    BadField,
    Bug,
    Busy,
    Failure,
    Forbidden,
    ModelDown,
    NotFound,
    NotSignedIn,
    OutsideFailed,
    Overloaded,
    Refused,
    TooLarge,
    TooOften,
    UnknownInstance,
)

COMMON: Mapping[type[Failure], str] = {
    BadAsk: "InvalidParameter",
    BadField: "InvalidParameter",
    TooLarge: "InvalidParameter",
    UnknownInstance: "InvalidParameter",
    NotFound: "InvalidParameter",
    Refused: "NoPermission",
    Forbidden: "NoPermission",
    NotSignedIn: "MissingAccessKeyId",
    Busy: "Throttling.User",
    TooOften: "Throttling.User",
    Overloaded: "ServiceUnavailable",
    OutsideFailed: "ServiceUnavailable",
    ModelDown: "ServiceUnavailable",
    Bug: "InternalError",
    Failure: "InternalError",
}
"""Class -> code; a class that is not named is answered like its parent."""


def fault_of(
    failure: Failure,
    errors: Mapping[type[Failure], str],
    kinds: Mapping[str, tuple[str, str]],
    statuses: Mapping[str, int],
) -> Fault:
    """What a product answers to one of our errors.

    `errors`: class -> code; `kinds`: kind of a thing that was not found -> code and message; `statuses`: of the
    product's own codes.
    """
    code = next(errors[kind] for kind in type(failure).__mro__ if kind in errors)
    match failure:
        case NotFound(kind=kind) if kind in kinds:
            code, message = kinds[kind]
            return Fault(code, message, status=404)
        case TooOften(retry_after_s=seconds):
            return Fault(code, f"Request was denied due to user flow control: {failure}.", retry_after_s=seconds)
        case Overloaded(retry_after_s=seconds):
            return Fault(code, f"The service is not available: {failure}.", retry_after_s=seconds)
        case Busy(retry_after_s=seconds):
            return Fault(code, BUSY, status=statuses.get(code, 0), retry_after_s=seconds)
        case UnknownInstance() | BadField() | TooLarge():
            return Fault(code, f"The provided parameter is invalid: {failure}.", status=statuses.get(code, 0))
        case NotSignedIn() | Forbidden():
            return Fault(code, str(failure), status=statuses.get(code, 0))
    return Fault(code, status=statuses.get(code, 0))


BUSY = "The current maximum concurrent requests have exceeded the threshold."
