"""Merged chunks: the same body for whoever reads them, in any cut; what is odd is left as it is."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.api.chunks import ChunkMerger
from tests.helpers.hostile_server import Exchange, chunk, head, hostile_server, sse
from tests.unit.api.scenes import request_to

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def read(pieces: list[bytes]) -> tuple[bytes, str]:
    """The body as the HTTP library reads it, and how it ended."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    body = b""
    for piece in [*(piece for piece in pieces if piece), b""]:
        try:
            connection.receive_data(piece)
            while (event := connection.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    return body, "whole"
        except h11.RemoteProtocolError as error:
            return body, "cut" if "incomplete" in str(error) else "bad"
    return body, "open"


def merged(pieces: list[bytes]) -> list[bytes]:
    merger = ChunkMerger()
    return [*(merger.feed(piece) for piece in pieces if piece), merger.end()]


BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=12)
CUTS = st.lists(st.integers(0, 2000), max_size=8)


@given(BODIES, CUTS, st.booleans())
def test_any_body_in_any_cut(bodies: list[bytes], places: list[int], upper: bool) -> None:
    form = b"%X\r\n%s\r\n" if upper else b"%x\r\n%s\r\n"
    stream = HEAD + b"".join(form % (len(body), body) for body in bodies)
    stream += b"0\r\n\r\n"
    assert read(merged(cut(stream, places))) == (b"".join(bodies), "whole")


@given(BODIES, CUTS, st.data())
def test_a_damaged_stream_ends_as_it_would_have(bodies: list[bytes], places: list[int], data: st.DataObject) -> None:
    stream = bytearray(HEAD + b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies) + b"0\r\n\r\n")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(stream) - 1))
        stream[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    pieces = cut(bytes(stream[: data.draw(st.integers(0, len(stream)))]), places)
    assert read(merged(pieces)) == read(pieces)


def test_one_read_gives_one_chunk() -> None:
    merger = ChunkMerger()
    assert merger.feed(HEAD) == HEAD
    assert merger.feed(b"1\r\na\r\n2\r\nbc\r\n3\r\nd") == b"4\r\nabcd"
    assert merger.feed(b"ef\r") == b"\r\n2\r\nef"
    assert merger.feed(b"\n") == b""
    assert merger.feed(b"0\r\nX-Trailer: 1\r\n\r\n") == b"\r\n0\r\nX-Trailer: 1\r\n\r\n"
    assert merger.feed(b"1\r\na\r\n") == b"1\r\na\r\n"
    merger.begin()
    assert merger.feed(HEAD + b"1\r\na\r\n1\r\nb\r\n") == HEAD + b"2\r\nab"


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n1\r\na\r\n1\r\nb\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n",
        b"HTTP/1.1 101 Up\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n",
        HEAD + b"1;name=value\r\na\r\n1\r\nb\r\n",
        HEAD + b"+1\r\na\r\n1\r\nb\r\n",
        b"x" * 300_000,
    ],
)
def test_what_is_not_plainly_chunks_stays_as_it_is(stream: bytes) -> None:
    for at in (0, 1, 30, len(stream) // 2, len(stream) - 3):
        assert b"".join(merged([stream[:at], stream[at:]])) == stream


def test_a_head_that_only_announces_the_next() -> None:
    assert (
        ChunkMerger()
        .feed(b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"1\r\na\r\n1\r\nb\r\n")
        .endswith(HEAD + b"2\r\nab")
    )


def test_the_client_reads_chunks_merged() -> None:
    """Fails where a new version of the HTTP library keeps its connections elsewhere: see `wires`."""

    async def behave(exchange: Exchange) -> None:
        parts = [chunk(sse({"choices": [{"delta": {"content": letter}}]})) for letter in "abc"]
        await exchange.send(head(content_type="text/event-stream", transfer_encoding="chunked"))
        await exchange.send(b"".join(parts) + chunk(b""))

    async def scene() -> int:
        from coderapp.api.dialect import dialect_of, post
        from coderapp.api.transport import Transport

        async with hostile_server(behave) as server:
            transport, request = Transport(), request_to(server.url)
            dialect = dialect_of(request.profile.kind)
            outgoing = post(request.profile, request.profile.chat_url, None, dialect.body(request), dialect)
            reply = await transport.open(outgoing, request.profile.timeouts)
            reads = 0
            while await reply.read():
                reads += 1
            await reply.aclose()
            await transport.aclose()
            return reads

    assert asyncio.run(scene()) == 1
