"""What goes out is ASCII, complete and small enough for every client."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.api.aliyun_reply import (
    GATEWAY,
    MAX_FRAME_BYTES,
    PIECE_CHARS,
    Fault,
    ascii_json,
    cut,
    denied,
    frame,
    pieces,
    reply_headers,
)

TEXT = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.recursive(TEXT | st.integers(-(2**53), 2**53) | st.booleans() | st.none(),
                    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=8))  # fmt: skip
def test_json_is_ascii_and_says_the_same(value: object) -> None:
    raw = ascii_json(value)
    assert raw.isascii()
    assert json.loads(raw) == value


def test_frame_as_a_client_reads_it() -> None:
    assert frame(3, {"Answer": "磁盘 😀"}) == (
        b'id: 3\nevent: message\ndata: {"Answer":"\\u78c1\\u76d8 \\ud83d\\ude00"}\n\n'
    )


@pytest.mark.parametrize("text", ["x", "磁", "😀", "\x01"])
def test_longest_piece_fits_a_frame(text: str) -> None:
    whole = text * (PIECE_CHARS * 2 + 1)
    parts = list(pieces(whole))
    assert "".join(parts) == whole
    assert len(parts) == 3
    assert all(len(frame(1, {"Answer": part})) < MAX_FRAME_BYTES for part in parts)


def test_cut_marks_what_is_missing() -> None:
    assert (cut("abcd", 4), cut("abcde", 4)) == ("abcd", "abc…")


def test_fault_body_and_headers() -> None:
    fault = Fault("TooManyRequests", "busy", status=429, retry_after_s=5)
    assert json.loads(fault.body("R-1", "db:8080")) == {
        "RequestId": "R-1",
        "HostId": "db:8080",
        "Code": "TooManyRequests",
        "Message": "busy",
        "Recommend": "",
    }
    assert dict(fault.headers("R-1")) == {
        b"content-type": b"application/json;charset=utf-8",
        b"x-acs-request-id": b"R-1",
        b"x-acs-retry-after": b"5000",
        b"retry-after": b"5",
    }


def test_every_code_of_the_gateway_has_a_status_and_a_sentence() -> None:
    for code, (status, message) in GATEWAY.items():
        fault = Fault(code)
        assert (fault.status, fault.message) == (status, message)
        assert 400 <= status < 600
        assert message.endswith(".")


def test_denial_says_which_action_of_whom() -> None:
    detail = json.loads(denied("rdsai:ChatMessages", account="default", user="ann", explicit=True).body("R", "h"))
    assert (detail["Code"], detail["AccessDeniedDetail"]) == (
        "NoPermission",
        {
            "AuthAction": "rdsai:ChatMessages",
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalDisplayName": "ann",
            "AuthPrincipalOwnerId": "default",
            "NoPermissionType": "ExplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        },
    )


def test_stream_headers_forbid_buffering() -> None:
    assert dict(reply_headers("R", "sse")) == {
        b"content-type": b"text/event-stream;charset=utf-8",
        b"cache-control": b"no-cache",
        b"x-accel-buffering": b"no",
        b"x-acs-request-id": b"R",
    }
