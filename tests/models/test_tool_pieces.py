"""Tool calls as servers send them: in pieces, whole, without ids, all under one index."""

import pytest

from dbmedic.core.values import Call
from dbmedic.models.tool_pieces import Calls, Function, ToolPiece


def piece(index=None, id=None, name=None, arguments=None) -> ToolPiece:
    return ToolPiece(index, id, Function(name, arguments))


def whole(*pieces: ToolPiece, taken=()) -> list[Call]:
    calls = Calls(3, taken)
    for one in pieces:
        calls.add(one)
    return calls.whole()


ONE = Call("k1", "measure", {"instance": "db"})
TWO = Call("k2", "schema", {"object": "t"})


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [
                piece(0, "k1", "measure", ""),
                piece(0, None, None, '{"instance"'),
                piece(0, None, None, ':"db"}'),
                piece(1, "k2", "schema", ""),
                piece(1, None, None, '{"object":"t"}'),
            ],
            id="one after the other, as OpenAI",
        ),
        pytest.param(
            [
                piece(0, "k1", "measure", ""),
                piece(1, "k2", "schema", ""),
                piece(1, None, None, '{"object":'),
                piece(0, None, None, '{"instance":"db"}'),
                piece(1, None, None, '"t"}'),
            ],
            id="interleaved",
        ),
        pytest.param(
            [
                piece(0, "k1", "measure", '{"instance":'),
                piece(0, "k1", "measure", '"db"}'),
                piece(1, "k2", "schema", '{"object":'),
                piece(1, "", "", '"t"}'),
            ],
            id="id and name repeated, or empty, as DashScope",
        ),
        pytest.param(
            [piece(None, "k1", "measure", '{"instance":"db"}'), piece(None, "k2", "schema", '{"object":"t"}')],
            id="whole, without index, as Mistral",
        ),
        pytest.param(
            [piece(0, "k1", "measure", '{"instance":"db"}'), piece(0, "k2", "schema", '{"object":"t"}')],
            id="whole, one index for all, as Gemini",
        ),
        pytest.param(
            [piece(None, "k1", "measure", {"instance": "db"}), piece(None, "k2", "schema", {"object": "t"})],
            id="arguments as an object, as Ollama",
        ),
        pytest.param(
            [
                piece(None, "k1", "measure"),
                piece(None, None, None, '{"instance":"db"}'),
                piece(None, "k2", "schema"),
                piece(None, "k2", None, '{"object":"t"}'),
            ],
            id="pieces without index",
        ),
        pytest.param(
            [
                piece(0, "k1", "mea"),
                piece(0, None, "sure"),
                piece(0, None, None, '{"instance":"db"}'),
                piece(1, "k2", "schema", '"{\\"object\\":\\"t\\"}"'),
            ],
            id="a name in pieces, arguments encoded twice",
        ),
    ],
)
def test_two_calls_come_out_of_what_servers_send(pieces):
    assert whole(*pieces) == [ONE, TWO]


def test_calls_without_ids_get_their_own():
    calls = whole(piece(None, None, "measure", "{}"), piece(None, None, "measure", "{}"))
    assert calls == [Call("call_3_1", "measure", {}), Call("call_3_2", "measure", {})]


def test_an_id_that_this_turn_has_seen_is_made_new():
    calls = whole(piece(0, "k1", "measure"), piece(1, "k1", "schema"), taken={"k1"})
    assert [call.id for call in calls] == ["k1_3_1", "k1_3_2"]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("", {}),
        (" ", {}),
        ("null", {}),
        ('{"a": 1', {"not_json": '{"a": 1'}),
        ("[1]", {"not_json": "[1]"}),
        ('{"a": null}', {"a": None}),
    ],
)
def test_arguments_are_an_object_or_say_that_they_are_none(arguments, given):
    (call,) = whole(piece(0, "k1", "measure", arguments))
    assert call.args == given


def test_a_call_that_never_named_its_tool_is_no_call():
    assert whole(piece(0, "k1", None, "{}")) == []
