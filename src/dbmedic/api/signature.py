"""Who signed a request to an Alibaba Cloud product, and whether the signature is right.

Pure: the clock and the secrets come in as arguments, nothing is fetched.  Three signatures are understood
(ACS3-HMAC-SHA256; RPC V1 and ROA V1, both HMAC-SHA1) and two forms without one (bearer token, anonymous).
The texts that are signed come from `canonical.py`; which action is meant is in `aliyun.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from msgspec import Struct

from dbmedic.api.canonical import (
    ACS3,
    NotSigned,
    Pair,
    Request,
    acs3_texts,
    form_pairs,
    header,
    pairs,
    roa_texts,
    rpc_text,
)

CLOCK_SKEW = timedelta(minutes=15)
"""How far a request's date may lie from our clock, either way."""
NONCE_KEPT = 2 * CLOCK_SKEW
"""A date may lie ahead of our clock, so a nonce could come back for twice the skew."""
MAX_NONCE = 256

_ALWAYS_SIGNED = (
    b"host", b"x-acs-action", b"x-acs-version", b"x-acs-date", b"x-acs-signature-nonce", b"x-acs-content-sha256",
)  # fmt: skip


class Credential(Struct, frozen=True, kw_only=True):
    """What a request says of its sender, before anything is checked."""

    form: Literal["acs3", "rpc", "roa", "bearer", "anonymous"]
    key: str = ""
    """Access key id; empty for bearer and anonymous."""
    token: str | None = None
    """Security token, or the bearer token itself."""
    nonce: str = ""
    date: str = ""
    signature: str = ""
    signed: tuple[str, ...] = ()
    """Names of the signed headers in the sender's order; ACS3 only."""


class AccessKey(Struct, frozen=True, kw_only=True):
    """What the verifier must know of an access key."""

    secret: str
    active: bool = True
    token_sha256: bytes | None = None
    """Digest of the security token that a temporary key must show; None for a lasting key."""
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return "AccessKey(…)"


# -- reading ----------------------------------------------------------------------------------------------------


def credential(request: Request) -> Credential:
    """Which of the five forms the request uses.  Raises `NotSigned` when it is broken or one we do not know."""
    authorization = header(request.headers, b"authorization") or ""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm == ACS3:
        return _acs3(request, rest)
    if algorithm.startswith("ACS3-"):
        raise NotSigned("UnsupportedSignatureAlgorithm", f"{algorithm[:40]} is not supported; use {ACS3}")
    if algorithm == "acs":
        return _roa(request, rest)
    bearer = header(request.headers, b"x-acs-bearer-token")
    if bearer:
        return Credential(form="bearer", token=bearer)
    if header(request.headers, b"x-acs-zero-trust-idtoken"):
        raise NotSigned("UnsupportedSignatureAlgorithm", f"id tokens are not supported; use {ACS3}")
    return _rpc(pairs(request.query) + form_pairs(request))


def _acs3(request: Request, rest: str) -> Credential:
    pieces = [part.strip().partition("=")[::2] for part in rest.split(",")]
    parts = dict(pieces)
    if len(pieces) != 3 or parts.keys() != {"Credential", "SignedHeaders", "Signature"} or not all(parts.values()):
        raise NotSigned("IncompleteSignature", "Authorization needs Credential, SignedHeaders and Signature, each once")
    names = tuple(parts["SignedHeaders"].split(";"))
    signed = {name.lower().encode() for name in names}
    present = {name for name, _ in request.headers}
    needed = {name for name in present if name.startswith(b"x-acs-")} | set(_ALWAYS_SIGNED)
    if request.body and b"content-type" in present:
        needed.add(b"content-type")
    if unsigned := sorted(needed - signed):
        raise NotSigned("IncompleteSignature", f"SignedHeaders must also hold {_listed(unsigned)}")
    if missing := sorted(signed - present):
        raise NotSigned("IncompleteSignature", f"signed headers are not in the request: {_listed(missing)}")
    key = parts["Credential"]
    if (header(request.headers, b"x-acs-accesskey-id") or key) != key:
        raise NotSigned("IncompleteSignature", "x-acs-accesskey-id differs from Credential")
    return Credential(
        form="acs3",
        key=key,
        token=header(request.headers, b"x-acs-security-token") or None,
        nonce=header(request.headers, b"x-acs-signature-nonce") or "",
        date=header(request.headers, b"x-acs-date") or "",
        signature=parts["Signature"],
        signed=names,
    )


def _listed(names: list[bytes]) -> str:
    return ", ".join(name.decode("utf-8", "replace") for name in names)


def _roa(request: Request, rest: str) -> Credential:
    key, _, given = rest.strip().partition(":")
    if not (key and given):
        raise NotSigned("IncompleteSignature", "Authorization must be `acs AccessKeyId:Signature`")
    return Credential(
        form="roa",
        key=key,
        token=header(request.headers, b"x-acs-security-token") or None,
        # The classic core sends no nonce here; then the signature itself, which covers the date, works once.
        nonce=header(request.headers, b"x-acs-signature-nonce") or f"signature:{given}",
        date=header(request.headers, b"date") or "",
        signature=given,
    )


def _rpc(found: list[Pair]) -> Credential:
    fields = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in found}
    if fields.get("BearerToken"):
        return Credential(form="bearer", token=fields["BearerToken"])
    if not {"Signature", "AccessKeyId"} & fields.keys():
        return Credential(form="anonymous")
    names = ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp")
    if missing := [name for name in names if not fields.get(name, "").strip()]:
        raise NotSigned("IncompleteSignature", f"missing: {', '.join(missing)}")
    algorithm = (fields.get("SignatureMethod", "").upper(), fields.get("SignatureVersion", ""))
    if algorithm != ("HMAC-SHA1", "1.0"):
        raise NotSigned("UnsupportedSignatureAlgorithm", f"use SignatureMethod HMAC-SHA1 and version 1.0, or {ACS3}")
    return Credential(
        form="rpc",
        key=fields["AccessKeyId"],
        token=fields.get("SecurityToken") or None,
        nonce=fields["SignatureNonce"],
        date=fields["Timestamp"],
        signature=fields["Signature"],
    )


# -- checking ---------------------------------------------------------------------------------------------------


def verify(request: Request, secret_of: Callable[[str], AccessKey | None], now: datetime) -> Credential:
    """The credential of a request whose signature is right.  Raises `NotSigned` otherwise.

    A bearer token or an anonymous request has nothing to check here: whoever asked decides about those.
    """
    claimed = credential(request)
    if claimed.form not in ("bearer", "anonymous"):
        check(request, claimed, secret_of(claimed.key), now)
    return claimed


def check(request: Request, claimed: Credential, key: AccessKey | None, now: datetime) -> None:
    """Raises `NotSigned` unless `key` signed exactly this request, within `CLOCK_SKEW` of `now`.

    In this order: key known, active, token its own and alive, date, body, signature.  That a nonce was not used
    before is for the caller to see to, afterwards and atomically.
    """
    if key is None:
        raise NotSigned("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    if not key.active:
        raise NotSigned("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    _check_token(claimed, key, now)
    if abs(now - date(claimed)) > CLOCK_SKEW:
        raise NotSigned(
            "InvalidTimeStamp.Expired",
            f"Specified time stamp or date value is expired: {claimed.date}. The server's clock says "
            f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}; at most 15 minutes apart.",
        )
    if not 0 < len(claimed.nonce) <= MAX_NONCE:
        raise NotSigned("IncompleteSignature", f"a nonce of 1 to {MAX_NONCE} characters is required")
    given, first = claimed.signature.encode(), b""
    for text in strings_to_sign(request, claimed):
        first = first or text
        if hmac.compare_digest(signature(claimed.form, key.secret, text), given):
            return
    sentence = "Specified signature is not matched with our calculation."
    raise NotSigned("SignatureDoesNotMatch", sentence, string_to_sign=first.decode("utf-8", "replace"))


def date(claimed: Credential) -> datetime:
    """When the request was signed, aware.  Raises `NotSigned("InvalidTimeStamp.Format")`."""
    text = claimed.date
    try:
        if claimed.form == "roa":
            at = parsedate_to_datetime(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        if len(text) == 20 and text.endswith("Z") and text.isascii() and text[10] == "T":
            return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        pass
    form = "HTTP's date form" if claimed.form == "roa" else "YYYY-MM-DDTHH:MM:SSZ in UTC"
    raise NotSigned("InvalidTimeStamp.Format", f"the date {text[:40]!r} must be in {form}")


def _check_token(claimed: Credential, key: AccessKey, now: datetime) -> None:
    if key.expires_at is not None and now >= key.expires_at:
        raise NotSigned("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    shown = b"" if claimed.token is None else hashlib.sha256(claimed.token.encode()).digest()
    if not hmac.compare_digest(shown, key.token_sha256 or b""):
        sentence = "Specified SecurityToken mismatches with the AccessKey."
        raise NotSigned("InvalidSecurityToken.MismatchWithAccessKey", sentence)


def signature(form: str, secret: str, text: bytes) -> bytes:
    """What the sender must have written as the signature of this string to sign."""
    if form == "acs3":
        return hmac.digest(secret.encode(), text, "sha256").hex().encode()
    key = f"{secret}&" if form == "rpc" else secret
    return b64encode(hmac.digest(key.encode(), text, "sha1"))


def strings_to_sign(request: Request, claimed: Credential) -> Iterator[bytes]:
    """The texts that the sender may have signed."""
    match claimed.form:
        case "acs3":
            yield from acs3_texts(request, claimed.signed)
        case "rpc":
            yield rpc_text(request)
        case _:
            yield from roa_texts(request)
