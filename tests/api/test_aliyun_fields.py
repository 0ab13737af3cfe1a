"""Every way in which a parameter can be written, and every way in which it can be wrong."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.api.aliyun import parameters
from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_reply import Fault
from dbmedic.api.canonical import Request

JSON = (b"content-type", b"application/json; charset=utf-8")
FORM = (b"content-type", b"application/x-www-form-urlencoded")


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(Fault) as seen:
        call()
    return seen.value.code


def test_body_wins_over_query() -> None:
    assert parameters(Request("POST", b"/", b"A=1&B=2", [FORM], b"A=3"), "acs3") == {"A": "3", "B": "2"}
    assert parameters(Request("POST", b"/", b"A=1&B=2", [JSON], b'{"A":[3]}'), "acs3") == {"A": [3], "B": "2"}


def test_content_type_of_an_empty_body_is_ignored() -> None:
    octets = (b"content-type", b"application/octet-stream")
    assert parameters(Request("POST", b"/", b"Query=&A=1", [octets]), "acs3") == {"Query": "", "A": "1"}


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", b"/", b"A=1&A=1", []),
        Request("POST", b"/", b"A=1&%41=2", []),
        Request("POST", b"/", b"A=%ff", []),
        Request("POST", b"/", b"%ff=a", []),
        Request("POST", b"/", b"", [FORM], b"A=1&A=2"),
        Request("POST", b"/", b"", [JSON], b"[]"),
        Request("POST", b"/", b"", [JSON], b"null"),
        Request("POST", b"/", b"", [JSON], b"{"),
        Request("POST", b"/", b"", [JSON], b'{"A":"\xff"}'),
        Request("POST", b"/", b"", [JSON], b"[" * 100_000),
        Request("POST", b"/", b"", [(b"content-type", b"text/plain")], b"{}"),
        Request("POST", b"/", b"", [], b"{}"),
    ],
)
def test_parameters_that_cannot_be_read(request_: Request) -> None:
    assert code(lambda: parameters(request_, "acs3")) == "InvalidParameter"


def test_json_body_under_a_signature_that_does_not_cover_it() -> None:
    assert code(lambda: parameters(Request("POST", b"/", b"", [JSON], b"{}"), "rpc")) == "InvalidParameter"


def test_text() -> None:
    fields = Fields({"A": "磁盘", "Blank": "", "Blanks": "  ", "Number": 7, "Long": "x" * 11, "Nul": "a\0b"})
    assert (fields.text("A"), fields.text("Blank"), fields.text("Blanks"), fields.text("None")) == (
        "磁盘", None, None, None,
    )  # fmt: skip
    assert code(lambda: fields.text("Number")) == "InvalidParameter"
    assert code(lambda: fields.text("Long", limit=10)) == "InvalidParameter"
    assert code(lambda: fields.text("Nul")) == "InvalidParameter"
    assert code(lambda: fields.required("Blank")) == "MissingParameter"
    assert code(lambda: fields.required("None")) == "MissingParameter"


def test_choice() -> None:
    fields = Fields({"A": "inline", "B": "Inline", "C": ""})
    assert fields.choice("A", ("inline", "separate"), "separate") == "inline"
    assert fields.choice("C", ("inline", "separate"), "separate") == "separate"
    assert code(lambda: fields.choice("B", ("inline", "separate"), "inline")) == "InvalidParameter"


@pytest.mark.parametrize("value", ["x", "1.5", "-1", "101", "0", "1e2", "٣", "9" * 30, True, 1.5, [], {}, 0, 101])
def test_wrong_integers(value: object) -> None:
    assert code(lambda: Fields({"Limit": value}).integer("Limit", 100, 1, 100)) == "InvalidParameter"


@pytest.mark.parametrize(("value", "number"), [("7", 7), (7, 7), ("", 100), (None, 100), ("100", 100)])
def test_integers(value: object, number: int) -> None:
    assert Fields({"Limit": value}).integer("Limit", 100, 1, 100) == number


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("True", True), ("true", True), ("1", True), (True, True), (1, True), ("FALSE", False), ("0", False),
     (False, False), ("", None), (None, None)],
)  # fmt: skip
def test_booleans(value: object, meaning: bool | None) -> None:
    assert Fields({"EnableTools": value}).boolean("EnableTools") is meaning


@pytest.mark.parametrize("value", ["yes", "2", 2, 1.0, [], "null"])
def test_wrong_booleans(value: object) -> None:
    assert code(lambda: Fields({"EnableTools": value}).boolean("EnableTools")) == "InvalidParameter"


@pytest.mark.parametrize(
    "found",
    [
        {"Inputs": '{"RegionId":"cn-hangzhou","Language":"zh-CN"}'},
        {"Inputs": {"RegionId": "cn-hangzhou", "Language": "zh-CN"}},
        {"Inputs.RegionId": "cn-hangzhou", "Inputs.Language": "zh-CN"},
    ],
)
def test_an_object_in_its_three_spellings(found: dict[str, Any]) -> None:
    inputs = Fields(found).fields("Inputs")
    assert (inputs.text("RegionId"), inputs.text("Language"), inputs.text("Timezone")) == ("cn-hangzhou", "zh-CN", None)


def test_wrong_key_of_an_object_is_named_with_its_place() -> None:
    with pytest.raises(Fault, match=r"Inputs\.RegionId must be a text"):
        Fields({"Inputs": '{"RegionId":5}'}).fields("Inputs").text("RegionId")


@pytest.mark.parametrize(
    "found", [{"Tools": '["a","b 2"]'}, {"Tools": ["a", "b 2"]}, {"Tools.2": "b 2", "Tools.1": "a", "ToolsX.1": "z"}]
)
def test_a_list_in_its_three_spellings(found: dict[str, Any]) -> None:
    assert Fields(found).texts("Tools") == ["a", "b 2"]


def test_empty_list_is_not_an_absent_one() -> None:
    assert Fields({"Tools": "[]"}).texts("Tools") == []
    assert Fields({"Tools": ""}).texts("Tools") is None
    assert Fields({}).texts("Tools") is None


@pytest.mark.parametrize(
    "found",
    [
        {"Tools": "a"},
        {"Tools": "{}"},
        {"Tools": '"a"'},
        {"Tools": "[1]"},
        {"Tools": '[""]'},
        {"Tools": '["a","a"]'},
        {"Tools": '["' + "x" * 2000 + '"]'},
        {"Tools": "[" * 50_000},
        {"Tools": 5},
        {"Tools.0": "a"},
        {"Tools.2": "a"},
        {"Tools.1": "a", "Tools.3": "b"},
        {"Tools": ["a"] * 201},
    ],
)
def test_wrong_lists(found: dict[str, Any]) -> None:
    assert code(lambda: Fields(found).texts("Tools")) == "InvalidParameter"


@pytest.mark.parametrize("value", ["[]", "x", "5", '"x"', 5, [1]])
def test_wrong_objects(value: object) -> None:
    assert code(lambda: Fields({"Inputs": value}).object("Inputs")) == "InvalidParameter"


@given(st.binary(max_size=80), st.binary(max_size=80), st.sampled_from([JSON, FORM, (b"content-type", b"x")]))
def test_whatever_arrives_is_read_or_refused(query: bytes, body: bytes, kind: tuple[bytes, bytes]) -> None:
    with contextlib.suppress(Fault):
        found = parameters(Request("POST", b"/", query, [kind], body), "acs3")
        fields = Fields(found)
        for name in found:
            for read in (fields.text, fields.object, fields.array, fields.texts, fields.boolean):
                with contextlib.suppress(Fault):
                    read(name)
