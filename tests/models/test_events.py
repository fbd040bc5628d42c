"""The parser of event streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.errors import ModelResponseError
from flowgrade.models.events import EventParser, decode_event

STREAM = (
    ': hello\n\ndata: {"a": "Grüße 世界 🙂"}\n\nevent: ping\nid: 7\nretry: 10\n\n'
    'data:{"b":1}\r\n\r\n:keep-alive\r\ndata: {"c":\r\ndata:  2}\r\r\ndata\n\ndata: [DONE]\n\n'
).encode()
EXPECTED = ['{"a": "Grüße 世界 🙂"}'.encode(), b'{"b":1}', b'{"c":\n 2}', b"[DONE]"]


def parse(*blocks: bytes) -> list[bytes]:
    parser = EventParser()
    found = [event for block in blocks for event in parser.feed(block)]
    return found + parser.close()


def test_a_stream_that_is_cut_at_any_byte_holds_the_same_events() -> None:
    assert parse(STREAM) == EXPECTED
    for cut in range(len(STREAM) + 1):
        assert parse(STREAM[:cut], STREAM[cut:]) == EXPECTED, cut


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_a_stream_that_is_cut_anywhere_holds_the_same_events(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    blocks = [STREAM[a:b] for a, b in zip(places, places[1:], strict=False)]
    assert parse(*blocks) == EXPECTED


def test_a_byte_order_mark_is_skipped_even_in_pieces() -> None:
    assert parse(b"\xef", b"\xbb", b"\xbfdata: 1\n\n") == [b"1"]


def test_the_last_event_needs_no_empty_line() -> None:
    assert parse(b"data: 1\n\ndata: 2") == [b"1", b"2"]
    assert parse(b"data: 1\r") == [b"1"]


def test_events_that_lack_the_empty_line_between_them_are_told_apart() -> None:
    assert decode_event(b'{"a": 1}\n{"b": 2}\n[DONE]') == [{"a": 1}, {"b": 2}]


def test_data_of_several_lines_is_one_value() -> None:
    assert decode_event(b'{"a":\n1}') == [{"a": 1}]


def test_what_is_no_object_is_left_out() -> None:
    assert decode_event(b"[1]") == []


def test_data_that_is_not_json_is_an_error() -> None:
    with pytest.raises(ModelResponseError, match="not JSON: {oops"):
        decode_event(b"{oops")
