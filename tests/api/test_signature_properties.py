"""What an official SDK signs always verifies, however it is escaped on the wire; one changed byte never does."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes, urlencode

import pytest
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmedic.api.canonical import NotSigned, Request, canonical_query, pairs
from dbmedic.api.signature import AccessKey, verify

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
NAMES = st.text("ABCabc.129", min_size=1, max_size=12)
PARAMETERS = st.dictionaries(NAMES, TEXT, max_size=6)
HEADER_TEXT = st.text("abcXYZ019 ;:=/+-_,", max_size=20).map(str.strip)
SECRETS = st.text("abcdef012345", min_size=1, max_size=40)
ESCAPINGS = st.sampled_from(["urlencode", "percent", "bare", "everything"])


def on_the_wire(parameters: dict[str, str], escaping: str) -> bytes:
    """One of the ways that clients write the same parameters."""
    if escaping == "urlencode":
        return urlencode(parameters).encode()
    if escaping == "everything":
        return "&".join(f"{k}=" + "".join(f"%{b:02x}" for b in v.encode()) for k, v in parameters.items()).encode()
    safe = "~" if escaping == "percent" else "~*'()!:/?,@$;"
    return "&".join(f"{quote(k)}={quote(v, safe=safe)}" for k, v in parameters.items()).encode()


def acs3(query: dict[str, str], body: bytes, extra: dict[str, str], secret: str, escaping: str) -> Request:
    digest = hashlib.sha256(body).hexdigest()
    signed = DaraRequest()
    signed.method, signed.pathname, signed.query = "POST", "/", query
    signed.headers = {
        "host": "127.0.0.1:8080",
        "x-acs-version": "2025-05-07",
        "x-acs-action": "ChatMessages",
        "user-agent": "TeaDSL/2",
        "x-acs-date": "2026-01-02T03:04:05Z",
        "x-acs-signature-nonce": "n1",
        "accept": "application/json",
        "x-acs-content-sha256": digest,
        **({"content-type": "application/json; charset=utf-8"} if body else {}),
        **extra,
    }
    authorization = Utils.get_authorization(signed, "ACS3-HMAC-SHA256", digest, "ak", secret)
    headers = [(name.lower().encode(), value.encode()) for name, value in signed.headers.items()]
    return Request(
        "POST",
        b"/",
        on_the_wire(query, escaping),
        [*headers, (b"authorization", authorization.encode())],
        body,
    )


def rpc(query: dict[str, str], fields: dict[str, str], secret: str, escaping: str) -> Request:
    own = {
        "Action": "ChatMessages",
        "Version": "2025-05-07",
        "Format": "json",
        "Timestamp": "2026-01-02T03:04:05Z",
        "SignatureNonce": "n1",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "AccessKeyId": "ak",
    }
    whole = own | {f"Q.{k}": v for k, v in query.items()}
    fields = {f"F.{k}": v for k, v in fields.items()}
    whole["Signature"] = Utils.get_rpcsignature(whole | fields, "POST", secret)
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    return Request("POST", b"/", on_the_wire(whole, escaping), headers, on_the_wire(fields, escaping))


def accepted(request: Request, secret: str) -> bool:
    """Whether it is taken as signed; a request that names no signature any more is anonymous."""
    try:
        found = verify(request, lambda key: AccessKey(secret=secret) if key == "ak" else None, NOW)
    except NotSigned:
        return False
    return found.form != "anonymous"


OWN_HEADERS = st.dictionaries(st.sampled_from(["x-custom", "x-acs-web-code"]), HEADER_TEXT)


@given(PARAMETERS, st.binary(max_size=60), OWN_HEADERS, SECRETS, ESCAPINGS)
def test_what_the_sdk_signs_with_acs3_verifies(
    query: dict[str, str], body: bytes, extra: dict[str, str], secret: str, escaping: str
) -> None:
    assert accepted(acs3(query, body, extra, secret, escaping), secret)


@given(PARAMETERS, PARAMETERS, SECRETS, ESCAPINGS)
def test_what_the_sdk_signs_with_rpc_v1_verifies(
    query: dict[str, str], fields: dict[str, str], secret: str, escaping: str
) -> None:
    assert accepted(rpc(query, fields, secret, escaping), secret)


@given(st.dictionaries(NAMES, st.text("abc =/?磁盘", max_size=20), max_size=5), SECRETS)
def test_what_the_sdk_signs_with_roa_v1_verifies(query: dict[str, str], secret: str) -> None:
    signed = DaraRequest()
    signed.method, signed.pathname, signed.query = "POST", "/v1/chat-messages", query
    signed.headers = {
        "accept": "application/json",
        "date": "Fri, 02 Jan 2026 03:04:05 GMT",
        "x-acs-signature-nonce": "n1",
        "x-acs-version": "2025-05-07",
    }
    answer = Utils.get_roasignature(Utils.get_string_to_sign(signed), secret)
    headers = [(k.encode(), v.encode()) for k, v in signed.headers.items()]
    headers.append((b"authorization", f"acs ak:{answer}".encode()))
    request = Request("POST", b"/v1/chat-messages", urlencode(query).encode(), headers)
    assert accepted(request, secret)


BYTE = st.integers(1, 255)


@settings(max_examples=300)
@given(PARAMETERS, st.binary(min_size=1, max_size=60), SECRETS, ESCAPINGS, st.data())
def test_one_changed_byte_never_verifies_with_acs3(
    query: dict[str, str], body: bytes, secret: str, escaping: str, data: st.DataObject
) -> None:
    """In the body, in a signed header, in the signature, or in what the query says."""
    request = acs3(query, body, {}, secret, escaping)
    changed = data.draw(st.sampled_from(["body", "header", "query", "method"]))
    if changed == "method":
        assert not accepted(request._replace(method="GET"), secret)
        return
    if changed == "header":
        which = data.draw(st.integers(0, len(request.headers) - 1))
        name, value = request.headers[which]
        value = flipped(value, data)
        headers = [*request.headers[:which], (name, value), *request.headers[which + 1 :]]
        assert value.strip() == request.headers[which][1].strip() or not accepted(
            request._replace(headers=headers), secret
        )
        return
    tampered = request._replace(body=flipped(request.body, data)) if changed == "body" else request
    if changed == "query" and request.query:
        tampered = request._replace(query=flipped(request.query, data))
        if sorted(pairs(tampered.query)) == sorted(pairs(request.query)):
            return  # another spelling of the same parameters
    assert tampered == request or not accepted(tampered, secret)


@settings(max_examples=300)
@given(PARAMETERS, PARAMETERS, SECRETS, ESCAPINGS, st.data())
def test_one_changed_byte_never_verifies_with_rpc_v1(
    query: dict[str, str], fields: dict[str, str], secret: str, escaping: str, data: st.DataObject
) -> None:
    request = rpc(query, fields, secret, escaping)
    if request.body and data.draw(st.booleans()):
        tampered = request._replace(body=flipped(request.body, data))
    else:
        tampered = request._replace(query=flipped(request.query, data))
    same = sorted(pairs(request.query) + pairs(request.body))
    if sorted(pairs(tampered.query) + pairs(tampered.body)) != same:
        assert not accepted(tampered, secret)


@given(PARAMETERS, SECRETS, st.data())
def test_a_secret_that_differs_in_one_character_never_verifies(
    query: dict[str, str], secret: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(secret) - 1))
    other = secret[:at] + ("x" if secret[at] != "x" else "y") + secret[at + 1 :]
    assert not accepted(acs3(query, b"", {}, secret, "percent"), other)
    assert not accepted(rpc(query, {}, secret, "percent"), other)


def flipped(raw: bytes, data: st.DataObject) -> bytes:
    at = data.draw(st.integers(0, len(raw) - 1))
    return raw[:at] + bytes([raw[at] ^ data.draw(BYTE)]) + raw[at + 1 :]


@pytest.mark.parametrize("raw", [b"", b"&", b"&&a", b"a=%", b"a=%zz", b"=", b"a=%ff", b"%00=%0a"])
def test_any_query_is_read_without_a_crash(raw: bytes) -> None:
    assert pairs(raw) == [pair for pair in pairs(raw) if isinstance(pair[0], bytes)]


@given(st.binary(max_size=60))
def test_escapes_are_those_of_the_standard_library(raw: bytes) -> None:
    assert pairs(raw) == [
        (unquote_to_bytes(name), unquote_to_bytes(value))
        for name, _, value in (piece.partition(b"=") for piece in raw.replace(b"+", b" ").split(b"&") if piece)
    ]
    assert canonical_query([(raw, raw)]) == f"{quote_from_bytes(raw, safe='')}={quote_from_bytes(raw, safe='')}"
