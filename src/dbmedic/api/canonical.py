"""A request as raw bytes, and the texts that an Alibaba Cloud client signs for it.

Pure, and about text alone: which secret signs it and whether it is fresh is in `signature.py`.  Names and values are
decoded once and encoded in one canonical way, because three official clients escape the same call in three ways.

https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
https://www.alibabacloud.com/help/en/sdk/product-overview/roa-mechanism
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from dbmedic.core.errors import NotSignedIn

ACS3 = "ACS3-HMAC-SHA256"
FORM = "application/x-www-form-urlencoded"
MAX_PAIRS = 1000

Pair = tuple[bytes, bytes]

_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]+")
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


class Request(NamedTuple):
    """A request as it arrived: nothing decoded, header names in lower case."""

    method: str
    path: bytes
    query: bytes
    headers: Sequence[Pair]
    body: bytes = b""


class NotSigned(NotSignedIn):
    """The request is not signed as it must be; `answer` is the gateway's own code for it."""

    def __init__(self, answer: str, sentence: str, string_to_sign: str = "") -> None:
        super().__init__(sentence)
        self.answer, self.string_to_sign = answer, string_to_sign


def header(headers: Sequence[Pair], name: bytes) -> str | None:
    """The trimmed value of a header; a repeated one sorted and joined with commas, as it is signed."""
    values = sorted(value.strip() for key, value in headers if key == name)
    return b",".join(values).decode("utf-8", "replace") if values else None


def pairs(raw: bytes) -> list[Pair]:
    """Names and values of a query or form, decoded, blanks kept, in the order they came.

    Raises `NotSigned("RequestEntityTooLarge")` for more than `MAX_PAIRS`.
    """
    if not raw:
        return []
    if raw.count(b"&") >= MAX_PAIRS:
        raise NotSigned("RequestEntityTooLarge", f"more than {MAX_PAIRS} parameters; send less")
    found = []
    for piece in raw.replace(b"+", b" ").split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            found.append((_unescaped(name), _unescaped(value)))
    return found


def form_pairs(request: Request) -> list[Pair]:
    """Names and values of a form body; none when the body is something else."""
    if not request.body or not (header(request.headers, b"content-type") or "").lower().startswith(FORM):
        return []
    return pairs(request.body)


def canonical_query(found: Sequence[Pair]) -> str:
    """Names and values escaped as RFC 3986 says, sorted."""
    return "&".join([f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(found)])


def _escaped(raw: bytes) -> str:
    """As RFC 3986 says.  Whole runs at once: questions in Chinese are nothing but escapes."""
    return _RESERVED.sub(lambda run: b"%" + run[0].hex("%").upper().encode(), raw).decode("ascii")


def _unescaped(raw: bytes) -> bytes:
    """What is escaped in hexadecimal digits is decoded, anything else stays."""
    return (
        _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode("ascii")), raw) if b"%" in raw else raw
    )


def acs3_texts(request: Request, signed: Sequence[str]) -> Iterator[bytes]:
    """What may have been signed with ACS3, the whole path first: SDKs sign `/` whatever prefix the endpoint has.

    All names in `signed` must be in the request.  Raises `NotSigned` when the body is not the one that was hashed.
    """
    payload = hashlib.sha256(request.body).hexdigest()
    if (header(request.headers, b"x-acs-content-sha256") or "").lower() != payload:
        raise NotSigned("SignatureDoesNotMatch", "x-acs-content-sha256 is not the hash of the body that arrived.")
    values: dict[bytes, list[bytes]] = {}
    for name, value in request.headers:
        values.setdefault(name, []).append(value.strip())
    lines = []
    for text in signed:
        key = text.lower().encode()
        lines.append(key + b":" + b",".join(sorted(values[key])) + b"\n")
    query = canonical_query(pairs(request.query)).encode()
    tail = b"\n".join((query, b"".join(lines), ";".join(signed).encode(), payload.encode()))
    for path in _paths(request.path):
        whole = b"\n".join((request.method.encode(), path, tail))
        yield f"{ACS3}\n{hashlib.sha256(whole).hexdigest()}".encode()


def _paths(raw: bytes) -> list[bytes]:
    full = quote_from_bytes(unquote_to_bytes(raw), safe="/~").encode() or b"/"
    first, _, rest = full.removeprefix(b"/").partition(b"/")
    inner = [b"/" + rest] if first in (b"json", b"sse") else []
    return list(dict.fromkeys([full, *inner, b"/"]))


def rpc_text(request: Request) -> bytes:
    """What was signed with RPC V1: the query and a form body, merged.

    Raises `NotSigned` for any other body, which this form does not cover.
    """
    fields = form_pairs(request)
    if request.body and not fields:
        raise NotSigned("IncompleteSignature", f"this signature covers no body but a form; use {ACS3}")
    signed = [pair for pair in pairs(request.query) + fields if pair[0] != b"Signature"]
    # What is escaped already holds nothing else that must be.
    twice = canonical_query(signed).replace("%", "%25").replace("=", "%3D").replace("&", "%26")
    return f"{request.method}&%2F&{twice}".encode()


def roa_texts(request: Request) -> Iterator[bytes]:
    """What may have been signed with ROA V1: of a blank value some clients write `name`, others `name=`.

    Nothing is escaped in this text, so what could be read in two ways is refused.
    """
    found = pairs(request.query)
    if any(b"&" in name + value or b"=" in name for name, value in found):
        raise NotSigned("IncompleteSignature", f"`&` in a parameter cannot be signed in this form; use {ACS3}")
    digest = header(request.headers, b"content-md5")
    if request.body and digest is None:
        raise NotSigned("IncompleteSignature", f"a body needs a content-md5 header in this form; or use {ACS3}")
    md5 = hashlib.md5(request.body, usedforsecurity=False).digest()
    if request.body and digest != b64encode(md5).decode():
        raise NotSigned("SignatureDoesNotMatch", "content-md5 is not that of the body that arrived.")
    fixed = [header(request.headers, name) or "" for name in (b"accept", b"content-md5", b"content-type", b"date")]
    names = sorted({name for name, _ in request.headers if name.startswith(b"x-acs-")})
    extra = [f"{name.decode('latin-1')}:{header(request.headers, name)}" for name in names]
    head = "\n".join([request.method, *fixed, *extra, ""]).encode() + request.path
    for blank in (b"", b"=") if any(not value for _, value in found) else (b"",):
        query = b"&".join([name + (b"=" + value if value else blank) for name, value in sorted(found)])
        yield head + (b"?" + query if query else b"")
