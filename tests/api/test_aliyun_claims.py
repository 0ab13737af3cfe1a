"""Whose request is it?  Three products share `POST /`, and Dify shares `/v1/chat-messages` with one of them."""

import pytest

from dbmedic.api.aliyun import answer_form, envelope, product, route
from dbmedic.api.canonical import Request
from dbmedic.api.dify import routes as dify
from dbmedic.api.http import Head, prefix

ACS3 = {"authorization": "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=0"}
DIFY = {"authorization": "Bearer app-0123456789"}
JSON = {"content-type": "application/json"}
CHAT = "/v1/chat-messages"


def owner(path: str, headers: dict[str, str], fields: dict[str, str], method: str = "POST") -> str | None:
    form, rest = prefix(path)
    return product(Head(method, rest, form, headers), fields)


@pytest.mark.parametrize(
    ("path", "headers", "fields", "product_"),
    [
        (CHAT, JSON | DIFY, {}, None),
        (CHAT, JSON, {}, None),
        (CHAT, {}, {"query": "q"}, None),
        (CHAT, {}, {"Query": "q"}, "rdsai"),
        (CHAT, {}, {"Query": "q", "query": "q"}, None),
        (CHAT, DIFY, {"Query": "q"}, None),
        (CHAT, JSON | ACS3, {}, "rdsai"),
        (CHAT, JSON | ACS3, {"query": "q"}, "rdsai"),
        (CHAT, JSON | {"authorization": "acs k:s"}, {}, "rdsai"),
        (CHAT, {"x-acs-action": "ChatMessages"}, {}, "rdsai"),
        (CHAT, DIFY | {"x-acs-bearer-token": "t"}, {}, "rdsai"),
        (CHAT, JSON, {"Query": "q", "AccessKeyId": "a", "Signature": "s"}, "rdsai"),
        (CHAT, JSON, {"user": "u", "Signature": "s"}, "rdsai"),
        (CHAT, JSON, {"Action": "ChatMessages"}, "rdsai"),
        (CHAT, ACS3 | {"x-acs-version": "2020-01-16"}, {}, "das"),
        ("/v1/chat-messages/", ACS3, {}, "rdsai"),
        ("/v1/chat-messages/01c3/stop", ACS3, {}, None),
        ("/v1/messages", ACS3, {}, None),
        ("/json/v1/chat-messages", JSON | ACS3, {}, "rdsai"),
        ("/json/v1/chat-messages", JSON | DIFY, {}, None),
    ],
)
def test_documented_path_that_dify_shares(
    path: str, headers: dict[str, str], fields: dict[str, str], product_: str | None
) -> None:
    assert owner(path, headers, fields) == product_
    if prefix(path)[0] is None:
        head = Head("POST", path, None, headers)
        assert dify.claims(head, fields) == (product_ is None), "exactly one API claims it"


@pytest.mark.parametrize(
    ("path", "headers", "fields", "product_"),
    [
        ("/", {}, {}, "rdsai"),
        ("/", {"x-acs-version": "2025-05-07"}, {}, "rdsai"),
        ("/", {"x-acs-version": "2017-08-01"}, {}, "polardb"),
        ("/", {"x-acs-version": "2020-01-16"}, {}, "das"),
        ("/", {"x-acs-version": "1999-01-01"}, {}, "rdsai"),
        ("/", {}, {"Action": "Chat", "Version": "2020-01-16"}, "das"),
        ("/json/", {"x-acs-version": "2020-01-16"}, {}, "das"),
        ("/sse", {"x-acs-version": "2017-08-01"}, {}, "polardb"),
        ("/chat", {}, {}, "das"),
        ("/agent", {}, {}, "das"),
        ("/getDasAgentSSE", {}, {}, "das"),
        ("/jsonish", ACS3, {}, None),
        ("/other", ACS3, {}, None),
    ],
)
def test_paths_of_the_three_products(
    path: str, headers: dict[str, str], fields: dict[str, str], product_: str | None
) -> None:
    assert owner(path, headers, fields) == product_


@pytest.mark.parametrize(
    ("method", "path", "headers", "fields", "product_"),
    [
        ("GET", "/", {}, {}, None),
        ("GET", "/chat", {}, {}, None),
        ("GET", "/", {}, {"Action": "GetMessages", "Version": "2025-05-07", "AccessKeyId": "a"}, "rdsai"),
        ("GET", "/", ACS3, {}, "rdsai"),
        ("OPTIONS", "/", ACS3, {}, None),
        ("DELETE", "/", ACS3, {}, None),
    ],
)
def test_a_browser_that_gets_a_page_is_not_claimed(
    method: str, path: str, headers: dict[str, str], fields: dict[str, str], product_: str | None
) -> None:
    assert owner(path, headers, fields, method) == product_


def post(path: bytes, *headers: tuple[bytes, bytes], query: bytes = b"") -> Request:
    return Request("POST", path, query, headers)


@pytest.mark.parametrize(
    ("raw", "path", "form"),
    [
        (b"/", "/", None),
        (b"", "/", None),
        (b"/json", "/", "json"),
        (b"/json/", "/", "json"),
        (b"/sse/chat", "/chat", "sse"),
        (b"/sse/json/chat", "/json/chat", "sse"),
        (b"/jsonx", "/jsonx", None),
        (b"/chat/", "/chat", None),
    ],
)
def test_prefix_is_taken_off(raw: bytes, path: str, form: str | None) -> None:
    assert route(raw) == (form, path)


def test_header_names_the_action_before_a_parameter_and_that_before_the_path() -> None:
    query = b"Action=GetMessages&Version=2025-05-07"
    by_header = post(CHAT.encode(), (b"x-acs-action", b"Chat"), (b"x-acs-version", b"2020-01-16"), query=query)
    assert envelope(by_header, "acs3") == ("Chat", "2020-01-16")
    assert envelope(by_header, "rpc") == ("GetMessages", "2025-05-07"), "headers are not signed there"
    assert envelope(post(CHAT.encode(), query=query), "acs3") == ("GetMessages", "2025-05-07")
    assert envelope(post(CHAT.encode()), "bearer") == ("ChatMessages", "2025-05-07")
    assert envelope(post(b"/json/agent"), "bearer") == ("GetYaoChiAgent", "2020-01-16")
    assert envelope(post(b"/"), "bearer") == ("", "")


OLD = (b"user-agent", b"AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.3.16 TeaDSL/1")
NEW = (b"user-agent", b"AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.6 TeaDSL/2")
JAVA = (b"user-agent", b"AlibabaCloud (Linux; amd64) Java/11 TeaDSL/1")
STREAM = (b"accept", b"text/event-stream")


@pytest.mark.parametrize(
    ("request_", "form", "default", "answer"),
    [
        (post(b"/json", STREAM), "acs3", "sse", "json"),
        (post(b"/sse", OLD), "rpc", "json", "sse"),
        (post(b"/", STREAM, OLD), "rpc", "json", "sse"),
        (post(b"/", (b"accept", b"Text/Event-Stream, */*")), "acs3", "json", "sse"),
        (post(b"/", NEW), "rpc", "sse", "json"),
        (post(b"/", NEW), "roa", "sse", "json"),
        (post(b"/", OLD), "acs3", "sse", "json"),
        (post(b"/", NEW), "acs3", "sse", "sse"),
        (post(b"/", NEW), "acs3", "json", "json"),
        (post(b"/", JAVA), "acs3", "sse", "sse"),
    ],
)
def test_stream_or_object(request_: Request, form: str, default: str, answer: str) -> None:
    assert answer_form(request_, form, default) == answer  # type: ignore[arg-type]
