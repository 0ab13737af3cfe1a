"""The worked signatures: each was captured from an official client with its clock and nonce stopped."""

import hashlib
from datetime import UTC, datetime

import pytest

from dbmedic.api.canonical import NotSigned, Request
from dbmedic.api.signature import AccessKey, Credential, credential, strings_to_sign, verify

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NONCE = b"0123456789abcdef0123456789abcdef"
AGENT = b"AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2"
EMPTY = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
V1_QUERY = (
    b"EventMode=separate&Inputs=%7B%22Language%22%3A%22zh-CN%22%2C%22RegionId%22%3A%22cn-hangzhou%22%7D"
    b"&Query=%E7%A3%81%E7%9B%98+a%2Bb%2A~c%2Fd%3F%26%3D"
)
V1_SIGNATURE = "86a2c3efc6c6449c1ae1e064957aa1a18c98ede3aae493c4e8789f407a5d9e1b"
FORM_BODY = b"Inputs.RegionId=cn-hangzhou&Query=%E7%A3%81%E7%9B%98+a%2Bb&Tools.1=x&Tools.2=y"
JSON_BODY = '{"Query":"磁盘","Inputs":{"RegionId":"cn-hangzhou"}}'.encode()


def secret_of(key: str) -> AccessKey | None:
    return AccessKey(secret="test-sk") if key == "test-ak" else None


def acs3(
    signature: str,
    *,
    path: bytes = b"/",
    query: bytes = b"",
    body: bytes = b"",
    digest: bytes = EMPTY,
    action: bytes = b"ChatMessages",
    provider: bytes = b"static_ak",
    accept: bytes = b"application/json",
    extra: dict[bytes, bytes] | None = None,
) -> Request:
    headers = {
        b"accept": accept,
        b"host": b"127.0.0.1:8080",
        b"user-agent": AGENT,
        b"x-acs-action": action,
        b"x-acs-content-sha256": digest,
        b"x-acs-credentials-provider": provider,
        b"x-acs-date": b"2026-01-02T03:04:05Z",
        b"x-acs-signature-nonce": NONCE,
        b"x-acs-version": b"2025-05-07",
    } | (extra or {})
    names = b";".join(sorted(headers)).decode()
    authorization = f"ACS3-HMAC-SHA256 Credential=test-ak,SignedHeaders={names},Signature={signature}"
    unsigned = [(b"authorization", authorization.encode()), (b"content-length", str(len(body)).encode())]
    return Request("POST", path, query, [*headers.items(), *unsigned], body)


VECTORS = {
    "query only, sync client": acs3(V1_SIGNATURE, query=V1_QUERY),
    "query only, async client": acs3(
        V1_SIGNATURE,
        query=b"EventMode=separate&Inputs=%7B%22Language%22:%22zh-CN%22,%22RegionId%22:%22cn-hangzhou%22%7D"
        b"&Query=%E7%A3%81%E7%9B%98+a%2Bb*~c/d?%26%3D",
    ),
    "below a path prefix of the endpoint": acs3(V1_SIGNATURE, path=b"/json/", query=V1_QUERY),
    "form body": acs3(
        "4643349bfb382c0cad40d427b73eb5b1c9b9cd580b4a48d2cfee79b30b0f30ab",
        query=b"RegionId=cn-hangzhou",
        body=FORM_BODY,
        digest=b"f080971936daf061c486ade628a2281d81065a7520626a97db7ff77d659949f5",
        extra={b"content-type": b"application/x-www-form-urlencoded"},
    ),
    "documented path, json body": acs3(
        "d25d530fa4ca3c9f96f873e46ad88440120f02ff30d560dba1e7a6b69fcef031",
        path=b"/v1/chat-messages",
        body=JSON_BODY,
        digest=b"59176f088f891818f4f38dbac41f7329456c26e0eb03a60785ab32f67a1bcf22",
        extra={b"content-type": b"application/json; charset=utf-8"},
    ),
    "blank values and the caller's own header": acs3(
        "bdaafbb8304fbfec7118e9f446daa6103a095350e2aada5b21d60acff9371288",
        query=b"Extra.1=x+y&ConversationId=&Query=",
        accept=b"text/event-stream",
        extra={b"x-custom": b" a  b "},
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_what_the_sdk_signed_is_right(name: str) -> None:
    assert verify(VECTORS[name], secret_of, NOW).key == "test-ak"


def test_content_type_that_the_http_library_adds_to_an_empty_body_need_not_be_signed() -> None:
    request = VECTORS["query only, async client"]
    added = request._replace(headers=[*request.headers, (b"content-type", b"application/octet-stream")])
    assert verify(added, secret_of, NOW).key == "test-ak"


def test_temporary_key_with_its_security_token() -> None:
    request = acs3(
        "ef56643deb0c6f4d7f32edce1c4fc3337c581cc1f7ab8b2bb71f6211b0326919",
        action=b"GetChatModel",
        provider=b"static_sts",
        extra={b"x-acs-accesskey-id": b"test-ak", b"x-acs-security-token": b"test-sts-token/+="},
    )
    with pytest.raises(NotSigned) as seen:
        verify(request, secret_of, NOW)
    assert seen.value.answer == "InvalidSecurityToken.MismatchWithAccessKey"
    digest = hashlib.sha256(b"test-sts-token/+=").digest()
    assert verify(request, lambda _: AccessKey(secret="test-sk", token_sha256=digest), NOW).token == "test-sts-token/+="


def test_typescript_client_signs_fewer_headers_and_escapes_otherwise() -> None:
    headers = {
        b"host": b"127.0.0.1:45451",
        b"x-acs-action": b"ChatMessages",
        b"x-acs-content-sha256": EMPTY,
        b"x-acs-credentials-provider": b"static_ak",
        b"x-acs-date": b"2026-11-20T18:01:16Z",
        b"x-acs-signature-nonce": b"39b6f6f26909fb99d0e8c8ba2994071ac5be456c7af527cc19e49bdb98dd024c",
        b"x-acs-version": b"2025-05-07",
    }
    authorization = (
        f"ACS3-HMAC-SHA256 Credential=test-ak,SignedHeaders={b';'.join(headers).decode()},"
        "Signature=0217134dd5aff4a6067cc9ebef75f89885b3beec40705eb297ee90f48266535d"
    )
    request = Request(
        "POST",
        b"/",
        b"Query=%E7%A3%81%E7%9B%98%20a%2Bb*~c%2Fd%3F%26%3D%27()!&EnableTools=true",
        [*headers.items(), (b"user-agent", b"Node.js TeaDSL/2"), (b"authorization", authorization.encode())],
    )
    assert verify(request, secret_of, datetime(2026, 11, 20, 18, 10, tzinfo=UTC)).form == "acs3"


RPC = (
    b"Version=2025-05-07&Timestamp=2026-01-02T03%3A04%3A05Z&SignatureNonce=" + NONCE + b"&SignatureMethod=HMAC-SHA1"
    b"&SignatureVersion=1.0&AccessKeyId=test-ak&Format=json&"
)
RPC_VECTORS = {
    "query": Request(
        "POST",
        b"/",
        RPC + b"Action=ChatMessages&EventMode=separate&Query=%E7%A3%81%E7%9B%98+a%2Bb%2A~c%2Fd%3F%26%3D"
        b"&Signature=gs9h5kSxMaxtlngV3PLWnPNHthE%3D",
        [],
    ),
    "form body": Request(
        "POST",
        b"/",
        RPC + b"Action=ChatMessages&RegionId=cn-hangzhou&Signature=7g%2B5Y81CcaBmZGR0C6zHTgkScUE%3D",
        [(b"content-type", b"application/x-www-form-urlencoded")],
        b"Query=%E7%A3%81%E7%9B%98+a%2Bb&Tools.1=x&Tools.2=y",
    ),
    "classic core, GET": Request(
        "GET",
        b"/",
        b"Query=%E7%A3%81%E7%9B%98%20a%2Bb%2A~c&Version=2025-05-07&Action=ChatMessages&Format=JSON"
        b"&RegionId=cn-hangzhou&Timestamp=2026-01-02T03%3A04%3A05Z&SignatureMethod=HMAC-SHA1&SignatureType="
        b"&SignatureVersion=1.0&SignatureNonce=" + NONCE + b"&AccessKeyId=test-ak"
        b"&Signature=WjgF%2BdQtfcX3s6n3UrW8qlGIbTs%3D",
        [],
    ),
}


@pytest.mark.parametrize("name", RPC_VECTORS)
def test_rpc_v1(name: str) -> None:
    assert verify(RPC_VECTORS[name], secret_of, NOW).form == "rpc"


def test_rpc_v1_with_a_security_token() -> None:
    query = RPC + b"Action=GetChatModel&SecurityToken=tok&Signature=ljV5gA878BLhn8nEF4kBwSodwHY%3D"
    digest = hashlib.sha256(b"tok").digest()
    found = verify(Request("POST", b"/", query, []), lambda _: AccessKey(secret="test-sk", token_sha256=digest), NOW)
    assert (found.form, found.token) == ("rpc", "tok")


def test_rpc_v1_string_to_sign() -> None:
    request = RPC_VECTORS["query"]
    (text,) = strings_to_sign(request, credential(request))
    assert text.decode() == (
        "POST&%2F&AccessKeyId%3Dtest-ak%26Action%3DChatMessages%26EventMode%3Dseparate%26Format%3Djson%26Query%3D"
        "%25E7%25A3%2581%25E7%259B%2598%2520a%252Bb%252A~c%252Fd%253F%2526%253D%26SignatureMethod%3DHMAC-SHA1"
        "%26SignatureNonce%3D0123456789abcdef0123456789abcdef%26SignatureVersion%3D1.0"
        "%26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2025-05-07"
    )


def test_roa_v1() -> None:
    headers = [
        (b"accept", b"application/json"),
        (b"content-type", b"application/json; charset=utf-8"),
        (b"date", b"Fri, 02 Jan 2026 03:04:05 GMT"),
        (b"x-acs-action", b"ChatMessages"),
        (b"x-acs-credentials-provider", b"static_ak"),
        (b"x-acs-signature-method", b"HMAC-SHA1"),
        (b"x-acs-signature-nonce", NONCE),
        (b"x-acs-signature-version", b"1.0"),
        (b"x-acs-version", b"2025-05-07"),
        (b"authorization", b"acs test-ak:2jGUyKgCMsqx71s/4oQH7anf+AQ="),
    ]
    found = verify(Request("POST", b"/v1/chat-messages", b"b=2&a=", headers), secret_of, NOW)
    assert found == Credential(
        form="roa",
        key="test-ak",
        nonce=NONCE.decode(),
        date="Fri, 02 Jan 2026 03:04:05 GMT",
        signature="2jGUyKgCMsqx71s/4oQH7anf+AQ=",
    )
