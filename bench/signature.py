"""Prints what one signature check costs: `python bench/signature.py`.  Under 100 microseconds is promised."""

import hashlib
from datetime import UTC, datetime
from timeit import repeat

from dbmedic.api.canonical import Request
from dbmedic.api.signature import AccessKey, Credential, credential, signature, strings_to_sign, verify

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = AccessKey(secret="test-sk")
QUERY = (
    b"EventMode=separate&Inputs=%7B%22Language%22%3A%22zh-CN%22%2C%22RegionId%22%3A%22cn-hangzhou%22%7D&Query="
    b"%E5%AE%9E%E4%BE%8Brm-bp1%20%E7%A3%81%E7%9B%98%E4%BD%BF%E7%94%A8%E7%8E%87"
)
HEADERS = [
    (b"accept", b"application/json"),
    (b"host", b"127.0.0.1:8080"),
    (b"user-agent", b"AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2"),
    (b"x-acs-action", b"ChatMessages"),
    (b"x-acs-content-sha256", hashlib.sha256(b"").hexdigest().encode()),
    (b"x-acs-credentials-provider", b"static_ak"),
    (b"x-acs-date", b"2026-01-02T03:04:05Z"),
    (b"x-acs-signature-nonce", b"0123456789abcdef0123456789abcdef"),
    (b"x-acs-version", b"2025-05-07"),
]


def acs3(query: bytes) -> Request:
    def authorized(answer: str) -> Request:
        names = b";".join(name for name, _ in HEADERS).decode()
        text = f"ACS3-HMAC-SHA256 Credential=test-ak,SignedHeaders={names},Signature={answer}"
        return Request("POST", b"/", query, [*HEADERS, (b"authorization", text.encode())])

    draft = authorized("0")
    text = next(iter(strings_to_sign(draft, credential(draft))))
    return authorized(signature("acs3", KEY.secret, text).decode())


def rpc(query: bytes) -> Request:
    common = (
        b"&Action=ChatMessages&Version=2025-05-07&Timestamp=2026-01-02T03%3A04%3A05Z&SignatureNonce=n"
        b"&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&AccessKeyId=test-ak"
    )
    draft = Request("POST", b"/", query + common, [])
    text = next(iter(strings_to_sign(draft, Credential(form="rpc"))))
    answer = signature("rpc", KEY.secret, text).replace(b"+", b"%2B").replace(b"=", b"%3D")
    return draft._replace(query=query + common + b"&Signature=" + answer)


def microseconds() -> dict[str, float]:
    """What one check of each form takes."""
    long = QUERY + b"%E7%A3%81" * 3000
    found = {}
    for name, request, number in (
        ("ACS3, a usual question", acs3(QUERY), 5000),
        ("RPC V1, a usual question", rpc(QUERY), 5000),
        ("ACS3, 27 kB of query", acs3(long), 200),
    ):
        seconds = min(repeat(lambda r=request: verify(r, lambda _: KEY, NOW), number=number, repeat=5)) / number
        found[name] = seconds * 1e6
    return found


def main() -> None:
    for name, took_us in microseconds().items():
        print(f"{name:28} {took_us:8.1f} us")


if __name__ == "__main__":
    main()
