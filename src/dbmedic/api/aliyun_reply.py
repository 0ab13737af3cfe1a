"""What Alibaba Cloud's clients are sent: faults with their bodies, and the frames of a stream.  Pure.

Everything is ASCII: the Python SDK cuts a stream every 8 kB, and loses a character that lies on the cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

GATEWAY: dict[str, tuple[int, str]] = {
    "MissingAccessKeyId": (400, "The request carries no credential."),
    "MissingParameter": (400, "A required parameter is missing."),
    "InvalidParameter": (400, "The provided parameter is invalid."),
    "IncompleteSignature": (400, "The request is not signed completely."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "UnsupportedSignatureAlgorithm": (400, "This signature algorithm is not supported."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAccessKeyId.Inactive": (400, "Specified access key is disabled."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.MismatchWithAccessKey": (400, "Specified SecurityToken mismatches with the AccessKey."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidAction.NotFound": (404, "Specified api is not found."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "NoPermission": (403, "The user is not authorized to perform this action."),
    "RequestEntityTooLarge": (413, "The request is too large."),
    "Throttling.User": (429, "Request was denied due to user flow control."),
    "InternalError": (500, "System internal exception."),
    "ServiceUnavailable": (503, "The service is not available; try again later."),
}
"""Codes that every product answers: HTTP status and default message.  Products add theirs in `<product>/wire.py`."""

RETRY_AFTER_S = 5
MAX_FRAME_BYTES = 256 * 1024
"""The async SDK drops frames over 1 MiB."""
PIECE_CHARS = 16_000
"""Longest text in one frame: even when each character takes twelve bytes, the frame stays below the limit."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class Fault(Exception):
    """An error as a product's API says it.  `status` is looked up for the gateway's own codes."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        retry_after_s: int = 0,
        detail: dict[str, str] | None = None,
    ) -> None:
        known_status, known_message = GATEWAY.get(code, (status, ""))
        self.code, self.message = code, message or known_message
        self.status = status or known_status
        self.retry_after_s, self.detail = retry_after_s, detail
        super().__init__(f"{code}: {self.message}")

    def body(self, request_id: str, host: str) -> bytes:
        fields: dict[str, Any] = {
            "RequestId": request_id,
            "HostId": host,
            "Code": self.code,
            "Message": self.message,
            "Recommend": "",
        }
        if self.detail is not None:
            fields["AccessDeniedDetail"] = self.detail
        return ascii_json(fields)

    def headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """`x-acs-retry-after` is in milliseconds, SDKs and the CLI obey it; the standard one is in seconds."""
        found = reply_headers(request_id)
        if self.retry_after_s:
            found.append((b"x-acs-retry-after", str(self.retry_after_s * 1000).encode()))
            found.append((b"retry-after", str(self.retry_after_s).encode()))
        return found


def reply_headers(request_id: str, kind: Literal["json", "sse"] = "json") -> list[tuple[bytes, bytes]]:
    found = [(b"x-acs-request-id", request_id.encode())]
    if kind == "json":
        return [(b"content-type", b"application/json;charset=utf-8"), *found]
    return [
        (b"content-type", b"text/event-stream;charset=utf-8"),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
        *found,
    ]


def denied(action: str, *, account: str, user: str, explicit: bool) -> Fault:
    """The answer to a caller whose policies do not allow an action, with the detail that consoles show."""
    return Fault(
        "NoPermission",
        f"You are not authorized to perform {action}; attach a policy that allows it.",
        detail={
            "AuthAction": action,
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalDisplayName": user,
            "AuthPrincipalOwnerId": account,
            "NoPermissionType": "ExplicitDeny" if explicit else "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        },
    )


# -- bytes ------------------------------------------------------------------------------------------------------


def ascii_json(value: Any) -> bytes:
    """JSON in ASCII without blanks."""
    raw = msgspec.json.encode(value)
    return raw if raw.isascii() else _NOT_ASCII.sub(_escaped, raw.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    """An escape with four hexadecimal digits for each UTF-16 half."""
    digits = found[0].encode("utf-16-be").hex()
    return "".join([f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4)])


KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: the SDK would hang the name of an event without data on the next frame."""


def frame(number: int, value: Any) -> bytes:
    """One event, numbered from 1; its name is always `message`, the meaning is in the JSON."""
    return b"id: %d\nevent: message\ndata: %b\n\n" % (number, ascii_json(value))


def pieces(text: str) -> Iterator[str]:
    """A text in parts that each fit a frame."""
    for at in range(0, len(text), PIECE_CHARS):
        yield text[at : at + PIECE_CHARS]


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them a mark that something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
