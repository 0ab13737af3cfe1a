"""Each way a signature can be wrong has its own code, and a stale or forged request learns nothing else."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from dbmedic.api.canonical import NotSigned, Request
from dbmedic.api.signature import AccessKey, credential, signature, strings_to_sign, verify

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EMPTY = hashlib.sha256(b"").hexdigest()
HEADERS = {
    "host": "db:8080",
    "x-acs-action": "GetChatModel",
    "x-acs-version": "2025-05-07",
    "x-acs-date": "2026-01-02T03:04:05Z",
    "x-acs-signature-nonce": "n1",
    "x-acs-content-sha256": EMPTY,
}


def signed(headers: dict[str, str] | None = None, *, drop: str = "", body: bytes = b"", secret: str = "sk") -> Request:
    """An ACS3 request whose signature is right for what it says, less the signed header `drop`."""
    all_headers = HEADERS | {"x-acs-content-sha256": hashlib.sha256(body).hexdigest()} | (headers or {})
    names = [name for name in sorted(all_headers) if name != drop]
    raw = [(name.encode(), value.encode()) for name, value in all_headers.items()]

    def with_(given: str) -> Request:
        text = f"ACS3-HMAC-SHA256 Credential=ak,SignedHeaders={';'.join(names)},Signature={given}"
        return Request("POST", b"/", b"", [*raw, (b"authorization", text.encode())], body)

    if drop:
        return with_("0" * 64)
    draft = with_("0" * 64)
    text = next(iter(strings_to_sign(draft, credential(draft))))
    return with_(signature("acs3", secret, text).decode())


def refusal(request: Request, key: AccessKey | None = AccessKey(secret="sk"), now: datetime = NOW) -> str:  # noqa: B008
    with pytest.raises(NotSigned) as seen:
        verify(request, lambda _: key, now)
    return seen.value.answer


def test_unknown_key() -> None:
    assert refusal(signed(), None) == "InvalidAccessKeyId.NotFound"


def test_disabled_key() -> None:
    assert refusal(signed(), AccessKey(secret="sk", active=False)) == "InvalidAccessKeyId.Inactive"


@pytest.mark.parametrize("off", [timedelta(minutes=15, seconds=1), timedelta(minutes=-15, seconds=-1)])
def test_stale_and_early_requests(off: timedelta) -> None:
    assert refusal(signed(), now=NOW + off) == "InvalidTimeStamp.Expired"


@pytest.mark.parametrize("off", [timedelta(minutes=15), timedelta(minutes=-15)])
def test_fifteen_minutes_either_way_are_fine(off: timedelta) -> None:
    assert verify(signed(), lambda _: AccessKey(secret="sk"), NOW + off).key == "ak"


@pytest.mark.parametrize(
    "text", ["", "now", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-13-02T03:04:05Z", "20260102T030405Z"]
)
def test_date_of_another_form(text: str) -> None:
    assert refusal(signed({"x-acs-date": text})) == "InvalidTimeStamp.Format"


def test_body_that_is_not_the_one_that_was_hashed() -> None:
    assert refusal(signed(body=b"{}")._replace(body=b"[]")) == "SignatureDoesNotMatch"


def test_wrong_secret_says_what_the_server_would_sign() -> None:
    with pytest.raises(NotSigned) as seen:
        verify(signed(), lambda _: AccessKey(secret="other"), NOW)
    assert seen.value.answer == "SignatureDoesNotMatch"
    assert seen.value.string_to_sign.startswith("ACS3-HMAC-SHA256\n")


@pytest.mark.parametrize("name", [*HEADERS, "x-acs-anything"])
def test_headers_that_must_be_signed(name: str) -> None:
    assert refusal(signed({name: HEADERS.get(name, "v")}, drop=name)) == "IncompleteSignature"


def test_content_type_of_a_body_must_be_signed() -> None:
    assert refusal(signed({"content-type": "text/x"}, drop="content-type", body=b"{}")) == "IncompleteSignature"


@pytest.mark.parametrize(
    "text",
    [
        "ACS3-HMAC-SHA256",
        "ACS3-HMAC-SHA256 ",
        "ACS3-HMAC-SHA256 Credential=ak",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=0",
        "ACS3-HMAC-SHA256 Credential=ak,SignedHeaders=host,Signature=0,Signature=1",
        "ACS3-HMAC-SHA256 Credential=ak,SignedHeaders=host;x-absent,Signature=0",
        "acs ak",
        "acs :s",
    ],
)
def test_broken_authorization(text: str) -> None:
    request = signed()
    headers = [pair for pair in request.headers if pair[0] != b"authorization"] + [(b"authorization", text.encode())]
    assert refusal(request._replace(headers=headers)) == "IncompleteSignature"


@pytest.mark.parametrize("text", ["ACS3-HMAC-SM3 Credential=ak", "ACS3-RSA-SHA256 x"])
def test_other_algorithms(text: str) -> None:
    assert refusal(Request("POST", b"/", b"", [(b"authorization", text.encode())])) == "UnsupportedSignatureAlgorithm"


def test_blanks_after_commas_are_tolerated() -> None:
    request = signed()
    headers = [(k, v.replace(b",", b", ") if k == b"authorization" else v) for k, v in request.headers]
    assert verify(request._replace(headers=headers), lambda _: AccessKey(secret="sk"), NOW).key == "ak"


def test_key_id_header_that_names_another_key() -> None:
    request = signed({"x-acs-accesskey-id": "ak"})
    headers = [(k, b"other" if k == b"x-acs-accesskey-id" else v) for k, v in request.headers]
    assert refusal(request._replace(headers=headers)) == "IncompleteSignature"


@pytest.mark.parametrize("nonce", ["", "n" * 257])
def test_nonce_has_a_length(nonce: str) -> None:
    assert refusal(signed({"x-acs-signature-nonce": nonce})) == "IncompleteSignature"


TOKEN = AccessKey(secret="sk", token_sha256=hashlib.sha256(b"tok").digest(), expires_at=NOW + timedelta(minutes=1))


def test_temporary_key_needs_its_token() -> None:
    assert refusal(signed(), TOKEN) == "InvalidSecurityToken.MismatchWithAccessKey"
    assert refusal(signed({"x-acs-security-token": "other"}), TOKEN) == "InvalidSecurityToken.MismatchWithAccessKey"
    assert refusal(signed({"x-acs-security-token": "tok"})) == "InvalidSecurityToken.MismatchWithAccessKey"
    assert verify(signed({"x-acs-security-token": "tok"}), lambda _: TOKEN, NOW).token == "tok"


def test_temporary_key_expires() -> None:
    late = NOW + timedelta(minutes=1)
    assert refusal(signed({"x-acs-security-token": "tok"}), TOKEN, late) == "InvalidSecurityToken.Expired"


def test_bearer_by_header_and_by_parameter() -> None:
    by_header = Request("POST", b"/", b"", [(b"x-acs-bearer-token", b"t1")])
    by_parameter = Request("POST", b"/", b"BearerToken=t1&SignatureType=BEARERTOKEN", [])
    assert [verify(request, lambda _: None, NOW).token for request in (by_header, by_parameter)] == ["t1", "t1"]


def test_id_token_is_refused() -> None:
    request = Request("POST", b"/", b"", [(b"x-acs-zero-trust-idtoken", b"t")])
    assert refusal(request) == "UnsupportedSignatureAlgorithm"


def test_no_credential_at_all_is_anonymous() -> None:
    assert verify(Request("POST", b"/", b"Format=json", []), lambda _: None, NOW).form == "anonymous"


@pytest.mark.parametrize("absent", ["AccessKeyId", "Signature", "SignatureNonce", "Timestamp"])
def test_rpc_v1_with_a_part_missing(absent: str) -> None:
    names = [name for name in ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp") if name != absent]
    query = "&".join(f"{name}=x" for name in names) + "&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0"
    assert refusal(Request("POST", b"/", query.encode(), [])) == "IncompleteSignature"


def test_rpc_v1_does_not_cover_a_json_body() -> None:
    query = (
        b"AccessKeyId=ak&Signature=x&SignatureNonce=n&Timestamp=2026-01-02T03%3A04%3A05Z"
        b"&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0"
    )
    assert refusal(Request("POST", b"/", query, [(b"content-type", b"application/json")], b"{}")) == (
        "IncompleteSignature"
    )


def test_roa_v1_refuses_what_could_be_read_in_two_ways() -> None:
    headers = [
        (b"authorization", b"acs ak:x"),
        (b"date", b"Fri, 02 Jan 2026 03:04:05 GMT"),
        (b"x-acs-signature-nonce", b"n"),
    ]
    for request in (
        Request("POST", b"/v1/chat-messages", b"Query=a%26b", headers),
        Request("POST", b"/v1/chat-messages", b"a%3Db=c", headers),
        Request("POST", b"/v1/chat-messages", b"", headers, b"{}"),
    ):
        assert refusal(request) == "IncompleteSignature"


def test_more_parameters_than_anybody_sends() -> None:
    assert refusal(Request("POST", b"/", b"a=1&" * 1000, [])) == "RequestEntityTooLarge"


def test_roa_v1_without_a_nonce_works_once_by_its_signature() -> None:
    headers = [(b"authorization", b"acs ak:abc="), (b"date", b"Fri, 02 Jan 2026 03:04:05 GMT")]
    assert credential(Request("POST", b"/v1/chat-messages", b"", headers)).nonce == "signature:abc="
