"""Events on the wire: written, and read back whatever the network does to the bytes."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.kit.sse import COMMENT, PING, Reader, Sent, frame


def read(*chunks: bytes) -> list[Sent]:
    reader = Reader()
    return [sent for chunk in chunks for sent in reader.feed(chunk)]


def message(data: bytes, last: str = "") -> Sent:
    return Sent("message", data, last)


def test_a_frame_is_one_data_line_and_a_blank_one():
    assert frame(b'{"a":1}') == b'data: {"a":1}\n\n'
    assert frame(b"x", id=7) == b"id: 7\ndata: x\n\n"
    assert frame(b"x", id="t:7", event="message") == b"event: message\nid: t:7\ndata: x\n\n"
    assert frame(b"a\nb\r\nc\rd") == b"data: a\ndata: b\ndata: c\ndata: d\n\n"


def test_keep_alives_are_no_events():
    assert PING == b"event: ping\n\n"
    assert read(PING, COMMENT, PING + frame(b"x")) == [message(b"x")]


STREAM = (
    b"\xef\xbb\xbf: hello\n\n"
    b'data: {"a":1}\n\n'
    b"event: note\nid: 5\ndata:no blank\ndata: two\n\n\n"
    b"data: \xe7\xa3\x81\xe7\x9b\x98\n\n"
    b"retry: 10\nunknown: x\ndata\n\n"
    b"id\ndata: [DONE]\n\n"
    b"data: never finished"
)
EVENTS = [
    message(b'{"a":1}'),
    Sent("note", b"no blank\ntwo", "5"),
    message("磁盘".encode(), "5"),
    message(b"", "5"),
    message(b"[DONE]"),
]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_any_line_end_in_pieces_of_any_size_reads_the_same(line_end, size):
    wire = STREAM.replace(b"\n", line_end)
    assert read(*(wire[at : at + size] for at in range(0, len(wire), size))) == EVENTS


@given(st.lists(st.integers(0, len(STREAM) * 2), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_no_cut_changes_what_is_read(cuts, line_end):
    wire = STREAM.replace(b"\n", line_end)
    places = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    assert read(*(wire[a:b] for a, b in itertools.pairwise(places))) == EVENTS


@given(st.lists(st.text().map(lambda text: text.replace("\r", "").encode()), max_size=5))
def test_what_is_written_is_read_back(datas):
    reader = Reader()
    assert [sent.data for data in datas for sent in reader.feed(frame(data))] == datas


def test_line_ends_may_be_mixed():
    assert read(b"data: a\r\n\ndata: b\n\r\ndata: c\r\rdata: d\r", b"\n\r\n") == [
        message(data) for data in (b"a", b"b", b"c", b"d")
    ]


def test_an_id_stays_until_another_is_named_and_one_with_a_null_does_not_count():
    assert read(b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: 3\n\ndata: c\n\n") == [
        message(b"a", "1"),
        message(b"b", "1"),
        message(b"c", "3"),
    ]


def test_the_end_of_a_stream_gives_what_lacks_only_its_blank_line():
    reader = Reader()
    assert reader.feed(b"data: a\n\ndata: [DONE]") == [message(b"a")]
    assert reader.end() == [message(b"[DONE]")]
    assert reader.end() == []


def test_an_event_without_end_is_refused_before_it_fills_the_memory():
    reader = Reader(limit=1000)
    for _ in range(9):
        assert reader.feed(b"data: " + b"x" * 100) == []
    with pytest.raises(OverflowError, match="1000"):
        reader.feed(b"data: " + b"x" * 100)


def test_a_large_event_in_many_pieces_costs_linear_time():
    reader = Reader()
    started = time.process_time()
    reader.feed(b"data: ")
    for _ in range(20_000):
        reader.feed(b"x" * 500)
    assert reader.feed(b"\n\n") == [message(b"x" * 10_000_000)]
    assert time.process_time() - started < 1
