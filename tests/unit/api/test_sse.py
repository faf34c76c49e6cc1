"""The event stream parser against the rules of the HTML standard, cut everywhere."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.api.sse import EventTooLong, ServerSentEvent, SseParser

Event = ServerSentEvent


def by_the_standard(stream: bytes) -> list[ServerSentEvent]:
    """The standard's algorithm, word for word, on the whole stream; then what it would drop at the end."""
    lines = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    tail = lines.pop()
    found: list[ServerSentEvent] = []
    data: bytes | None = None
    name = b""
    for line in [*lines, *([tail] if tail else []), b""]:
        if line == b"":
            if data is not None:
                found.append(Event(data.removesuffix(b"\n"), name.decode("utf-8", "replace")))
            data, name = None, b""
            continue
        if line.startswith(b":"):
            continue
        field, colon, value = line.partition(b":")
        if colon and value.startswith(b" "):
            value = value[1:]
        if field == b"event":
            name = value
        elif field == b"data":
            data = (data or b"") + value + b"\n"
    return found


def parse(pieces: list[bytes]) -> list[ServerSentEvent]:
    parser = SseParser()
    return [event for piece in pieces for event in parser.feed(piece)] + parser.flush()


RECORDED = (
    b"\xef\xbb\xbf: welcome\r\n\r\n"
    b'data: {"text": "h\xc3\xa9llo \xf0\x9f\x98\x80"}\r\n\r\n'
    b"event: error\rdata:one\rdata: two\rdata\rid: 5\r\r"
    b"retry: 10\nnonsense\ndata:  spaced \n\n\n\n"
    b"data:\n\n:ping\ndata: [DONE]"
)


def test_what_the_recorded_stream_means() -> None:
    assert parse([RECORDED]) == [
        Event('{"text": "héllo 😀"}'.encode()),
        Event(b"one\ntwo\n", "error"),
        Event(b" spaced "),
        Event(b""),
        Event(b"[DONE]"),
    ]


def test_every_cut_of_the_recorded_stream() -> None:
    expected = by_the_standard(RECORDED)
    assert parse([RECORDED]) == expected
    assert parse([bytes([byte]) for byte in RECORDED]) == expected
    for first, second in itertools.combinations(range(len(RECORDED) + 1), 2):
        assert parse([RECORDED[:first], RECORDED[first:second], RECORDED[second:]]) == expected


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"]),
        (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         [b"first event", b"second event", b" third event"]),
        (b"data\n\ndata\ndata\n\n", [b"", b"\n"]),
        (b"data:test\n\ndata: test\n\n", [b"test", b"test"]),
        (b"event: only a name\n\ndata: x\n\n", [b"x"]),
        (b"Data: x\n data: y\ndatas: z\n\n", []),
        (b"", []),
        (b"\n\r\n\r", []),
        (b"data: a\r\rdata: b\r\n\r\n", [b"a", b"b"]),
    ],
)  # fmt: skip
def test_cases_of_the_standard(stream: bytes, data: list[bytes]) -> None:
    events = parse([stream])
    assert [event.data for event in events] == data
    assert events == by_the_standard(stream)
    assert all(parse([stream[:cut], stream[cut:]]) == events for cut in range(len(stream)))


def test_an_event_waits_for_no_byte_more_than_it_needs() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\r") == []
    assert parser.feed(b"\r") == [Event(b"a")]
    assert parser.feed(b"\ndata: b\n\n") == [Event(b"b")]


def test_a_byte_order_mark_counts_only_at_the_start() -> None:
    mark = b"\xef\xbb\xbf"
    assert [event.data for event in parse([mark + b"data: a\n\n" + mark + b"data: b\n\ndata: c\n\n"])] == [b"a", b"c"]


def test_lengths_are_bounded() -> None:
    with pytest.raises(EventTooLong):
        SseParser(most=100).feed(b"data: " + b"x" * 100)
    parser = SseParser(most=100)
    for _ in range(9):
        assert parser.feed(b"x" * 11) == []
    with pytest.raises(EventTooLong):
        parser.feed(b"xx")
    with pytest.raises(EventTooLong):
        SseParser(most=100).feed(b"data: xxxxxxxxx\n" * 11)
    fitting = SseParser(most=100)
    assert len(fitting.feed(b"data: xxxxxxxxx\n\n" * 1000)) == 1000
    assert len(fitting.feed(b": comment\n" * 1000)) == 0


def test_the_default_bound_lets_long_lines_through() -> None:
    line = b"data: " + b"x" * (4 << 20) + b"\n\n"
    parser = SseParser()
    events = [event for start in range(0, len(line), 65536) for event in parser.feed(line[start : start + 65536])]
    assert [len(event.data) for event in events] == [4 << 20]


ALPHABET = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b":", b" ", b"data", b"data: ", b"event: e", b"id", b"\xef\xbb\xbf", b"\xc3", b"x"]
)


@given(st.lists(ALPHABET | st.binary(max_size=3), max_size=25).map(b"".join), st.lists(st.integers(0, 60), max_size=5))
def test_any_bytes_cut_anywhere_are_read_by_the_standard(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert parse([stream[a:b] for a, b in itertools.pairwise(places)]) == by_the_standard(stream)
