"""The client against a real server on loopback: the contract's table, line by line, and what goes out."""

import asyncio
import gzip
import json
import logging
import random
import time
from dataclasses import replace
from typing import Any

import pytest

from coderapp.api.http_client import HttpClient
from coderapp.core.errors import (
    BadReply,
    ConnectionLost,
    EndpointError,
    KeyMissing,
    KeyRefused,
    RateLimited,
    RequestRefused,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from coderapp.core.events import Failed, Finished, RetryScheduled, Started, StreamEvent, TextDelta, UsageReported
from coderapp.core.message import FinishReason, TokenUsage
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind, Timeouts
from coderapp.core.secret import Secret
from tests.helpers.hostile_server import (
    Behaviour,
    Exchange,
    HostileServer,
    answers,
    chunk,
    floods,
    free_port,
    head,
    hostile_server,
    in_turn,
    sends,
    sse,
    stalls,
    streams,
    whole,
)
from tests.unit.api.scenes import (
    HURRIED,
    KEY,
    Waits,
    ask,
    checked,
    collect,
    completion,
    delta,
    failure,
    finish,
    request_to,
    run,
    simple,
    text_of,
)

STREAM = sse(
    delta(role="assistant", content=""),
    delta(content="Hé"),
    delta(content="llo 😀"),
    delta("stop"),
    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    "[DONE]",
)
CUT = STREAM.index(b"data:", STREAM.index(b'"H'))
"""The end of the event that says "Hé"."""
EVENTS: list[StreamEvent] = [
    Started("chatcmpl-7", "m-1"),
    TextDelta("Héllo 😀"),
    UsageReported(TokenUsage(3, 4)),
    Finished(FinishReason.STOP),
]


def test_a_stream() -> None:
    assert ask(streams(STREAM)) == EVENTS
    assert ask(streams(STREAM, range(5, len(STREAM), 5))) == EVENTS
    assert ask(streams(STREAM, content_type="text/html")) == EVENTS
    assert ask(streams(STREAM, content_type="application/json"), stream=False) == EVENTS


def test_whole_replies() -> None:
    whole_events = [Started("6783", "pix-llm"), TextDelta("Hi"), Finished(FinishReason.STOP)]
    assert ask(answers(simple("Hi")), ProfileKind.PIXLAB) == whole_events
    assert ask(answers(simple("Hi"), content_type="text/event-stream"), ProfileKind.BUILT_IN) == whole_events
    assert text_of(ask(answers(completion(content="Hi"), content_type="image/png"))) == "Hi"
    until_closed = head(content_type="application/json") + json.dumps(completion(content="Hi")).encode()
    assert text_of(ask(sends(until_closed))) == "Hi"


def test_packed_replies() -> None:
    packed = gzip.compress(json.dumps(completion(content="Hi")).encode())
    assert text_of(ask(answers(packed, content_encoding="gzip"))) == "Hi"
    error = failure(ask(answers(b"not packed at all", content_encoding="gzip")))
    assert isinstance(error, BadReply)
    assert "not gzip" in error.sentence


# what goes out


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (ProfileKind.OPENAI, "authorization", f"Bearer {KEY.reveal()}"),
        (ProfileKind.PIXLAB, "www-authenticate", KEY.reveal()),
        (ProfileKind.BUILT_IN, "www-authenticate", KEY.reveal()),
    ],
)
def test_the_key_is_where_the_profile_says(kind: ProfileKind, name: str, value: str) -> None:
    servers: list[HostileServer] = []
    for placement in KeyPlacement:
        ask(streams(STREAM), kind, placement=placement, servers=servers)
    in_header, in_body, in_query = (server.requests[0] for server in servers)
    assert in_header.headers[name] == value
    assert in_body.json["key"] == KEY.reveal()
    assert in_query.target.endswith("?key=sk-Ab%2B%2F%3D9%25z_geheim")
    for request, placed in ((in_header, "header"), (in_body, "body"), (in_query, "query")):
        assert (name in request.headers) is (placed == "header")
        assert ("key" in request.json) is (placed == "body")
        assert ("key=" in request.target) is (placed == "query")


def test_the_body_is_what_was_set_and_nothing_else() -> None:
    servers: list[HostileServer] = []
    ask(streams(STREAM), ProfileKind.PIXLAB, stream=False, servers=servers)
    ask(
        streams(STREAM),
        ProfileKind.BUILT_IN,
        parameters={"temperature": 0.5, "reply_style": "openai", "stop": ["x"], "seed": 7, "stream": True},
        model="m-2",
        servers=servers,
    )
    ask(streams(STREAM), parameters={"stream": True}, model="m-1", servers=servers)
    hi = [{"role": "user", "content": "hi"}]
    bodies = [server.requests[0].json for server in servers]
    assert bodies[0] == {"messages": hi}
    assert bodies[1] == {
        "messages": hi, "model": "m-2", "temperature": 0.5, "openai-reply": True, "stop": ["x"], "seed": 7,
        "stream": True,
    }  # fmt: skip
    assert bodies[2] == {"messages": hi, "model": "m-1", "stream": True, "stream_options": {"include_usage": True}}
    assert all(server.requests[0].headers["content-type"] == "application/json" for server in servers)
    assert servers[2].requests[0].target == "/chat/completions"


def test_no_key_where_none_is_needed() -> None:
    servers: list[HostileServer] = []
    for key in (None, Secret(" ")):
        assert ask(streams(STREAM), key=key, servers=servers) == EVENTS
    for server in servers:
        assert not {"authorization", "www-authenticate"} & server.requests[0].headers.keys()


def test_a_query_that_the_address_has_is_kept() -> None:
    async def scene() -> str:
        async with hostile_server(streams(STREAM)) as server:
            client = HttpClient()
            url = f"{server.url}/coder?api-version=2#top"
            await collect(client, request_to(url, ProfileKind.PIXLAB, placement=KeyPlacement.QUERY))
            await client.aclose()
            return server.requests[0].target

    assert run(scene()) == "/coder?api-version=2&key=sk-Ab%2B%2F%3D9%25z_geheim"


@pytest.mark.parametrize("text", ["sk-é", "sk-\nX: y", "sk-\x00", "sk-\U0001f600"])
def test_a_key_that_can_not_be_sent(text: str) -> None:
    for kind in ProfileKind:
        servers: list[HostileServer] = []
        error = failure(ask(streams(STREAM), kind, key=Secret(text), servers=servers))
        assert isinstance(error, KeyRefused)
        assert text not in error.sentence
        assert servers[0].requests == []


def test_a_missing_key() -> None:
    servers: list[HostileServer] = []
    for key in (None, Secret("  \n")):
        assert isinstance(failure(ask(streams(STREAM), ProfileKind.PIXLAB, key=key, servers=servers)), KeyMissing)
    assert [server.connections for server in servers] == [0, 0]


def test_addresses_that_can_not_be_used() -> None:
    for url in ("", "ftp://host/x", "http://", "host/x", "http://a:b@host/", "http://host:99999/", "http://[::1/",
                f"http://{'a' * 70}.invalid/", "http://\x00/", "http://exa mple.invalid/"):  # fmt: skip
        for kind in ProfileKind:
            events = run(collect(HttpClient(Waits().policy()), request_to(url, kind)))
            assert isinstance(failure(checked(events)), Unreachable), url


# the contract's table


@pytest.mark.parametrize("kind", [*ProfileKind])
@pytest.mark.parametrize(
    ("status", "leaf"),
    [(401, KeyRefused), (403, KeyRefused), (400, RequestRefused), (404, RequestRefused), (413, RequestRefused),
     (415, RequestRefused), (422, RequestRefused), (402, RateLimited), (429, RateLimited), (500, ServerFailed),
     (501, ServerFailed), (502, ServerFailed), (503, ServerFailed), (504, ServerFailed)],
)  # fmt: skip
def test_statuses(kind: ProfileKind, status: int, leaf: type[EndpointError]) -> None:
    words = f"temperature must be between 0 and 2, got 3; your key {KEY.reveal()} and {json.dumps(KEY.reveal())[1:-1]}"
    error = failure(ask(answers({"status": status, "error": words}, status), kind))
    assert type(error) is leaf
    assert error.status == status
    assert "temperature must be between 0 and 2, got 3; your key [key] and [key]" in error.sentence
    assert "[key]" in error.raw
    if isinstance(error, RequestRefused):
        assert error.parameter == "temperature"
    silent = failure(ask(answers(b"<html><h1>Oops</h1>", status, content_type="text/html"), kind))
    assert type(silent) is leaf
    assert silent.raw == "<html><h1>Oops</h1>"


@pytest.mark.parametrize(
    ("status", "leaf"), [(401, KeyRefused), (400, RequestRefused), (402, RateLimited), (500, ServerFailed)]
)
def test_a_status_in_the_body_under_200(status: int, leaf: type[EndpointError]) -> None:
    for kind in (ProfileKind.PIXLAB, ProfileKind.BUILT_IN):
        error = failure(ask(answers({"status": status, "error": "told in the body"}), kind))
        assert type(error) is leaf
        assert "told in the body" in error.sentence


def test_error_texts_that_do_not_come_to_an_end() -> None:
    short = head(500, content_length="1000") + b'{"error": "it fell over"}'
    for behaviour in (sends(short), sends(short, then="reset"), sends(short, then="stall")):
        error = failure(ask(behaviour, timeouts=HURRIED))
        assert isinstance(error, ServerFailed)
        assert "it fell over" in error.sentence
    assert isinstance(failure(ask(floods_with(500))), ServerFailed)


def floods_with(status: int) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(status))
        while True:
            await exchange.send(b"x" * 65536)

    return behave


def test_nobody_listens() -> None:
    waits = Waits()
    port = free_port()
    events = run(collect(HttpClient(waits.policy()), request_to(f"http://127.0.0.1:{port}/v1")))
    error = failure(checked(events))
    assert isinstance(error, Unreachable)
    assert error.sentence == f"127.0.0.1:{port} refused the connection: nothing listens there."
    assert [type(event) for event in events] == [RetryScheduled, RetryScheduled, Failed]
    assert len(waits.spans) == 2


def test_a_name_that_is_not_known() -> None:
    events = run(collect(HttpClient(), request_to("http://nowhere.invalid/v1")))
    assert failure(checked(events)).sentence == "The name nowhere.invalid can't be found (DNS)."
    assert len(events) == 1


def test_a_server_that_hangs_up() -> None:
    for then in ("close", "reset"):
        error = failure(ask(sends(b"", then=then)))
        assert isinstance(error, ConnectionLost), then
        assert "127.0.0.1" in error.sentence


def test_a_server_that_speaks_something_else() -> None:
    for greeting in (
        b"220 mail.example ESMTP\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\0" * 9,
    ):
        error = failure(ask(sends(greeting)))
        assert isinstance(error, BadReply | ConnectionLost), greeting
    assert "does not answer in HTTP" in failure(ask(sends(b"220 mail.example ESMTP\r\n\r\n"))).sentence
    flood = failure(ask(sends(b"X-Header: y\r\n" * 100_000)))
    assert isinstance(flood, BadReply)


@pytest.mark.parametrize(
    ("behaviour", "leaf", "words"),
    [
        (sends(head(content_type="text/event-stream") + STREAM[:460]), ConnectionLost, "cut short"),
        (sends(head(content_type="text/event-stream") + STREAM[:460], then="reset"), ConnectionLost, "was reset"),
        (sends(head(content_type="text/event-stream") + STREAM[:460], then="stall"), TimedOut, "silent in mid-answer"),
        (sends(head(transfer_encoding="chunked") + chunk(STREAM[:460])), ConnectionLost, "cut short"),
        (sends(head(transfer_encoding="chunked") + chunk(STREAM[:460]) + b"zz\r\nno\r\n"), BadReply, "rules of HTTP"),
        (sends(head(content_length="9999") + STREAM[:460]), ConnectionLost, "460 of 9999 bytes came"),
        (streams(STREAM[:460]), ConnectionLost, "cut short"),
        (streams(STREAM[:CUT] + b"data: {oops}\n\n"), BadReply, "not JSON"),
        (
            streams(STREAM[:CUT] + b'data: {"error": {"message": "it died", "code": 500}}\n\n'),
            ServerFailed,
            "it died",
        ),
    ],
)
def test_a_stream_that_breaks_keeps_what_came(behaviour: Behaviour, leaf: type[EndpointError], words: str) -> None:
    events = ask(behaviour, timeouts=HURRIED)
    assert text_of(events) == "Hé"
    assert type(failure(events)) is leaf
    assert words in failure(events).sentence


@pytest.mark.parametrize("then", ["close", "reset", "stay", "stall"])
def test_a_finish_reason_is_an_end(then: str) -> None:
    ended = STREAM[: STREAM.index(b"data: [DONE]")]
    events = ask(sends(head(content_type="text/event-stream") + ended, then=then), timeouts=HURRIED)
    assert events == EVENTS


def test_a_whole_reply_that_is_cut() -> None:
    body = json.dumps(completion(content="Hello")).encode()
    for then in ("close", "reset"):
        error = failure(ask(sends(whole(body, content_length="500")[:-10], then=then)))
        assert isinstance(error, ConnectionLost)
        assert "of 500 bytes came" in error.sentence
        assert error.raw.startswith('{"id": "chatcmpl-7"')
    complete = ask(sends(whole(body, content_length=str(len(body) + 9))))
    assert text_of(complete) == "Hello"
    assert isinstance(failure(complete), ConnectionLost)
    assert isinstance(failure(ask(sends(head() + body[:-10]))), ConnectionLost)
    assert isinstance(failure(ask(answers(body[:-10]))), BadReply)


def test_redirects_on_the_same_server() -> None:
    def redirects(times: int, status: int = 307) -> Behaviour:
        return in_turn(*[answers(b"", status, location=f"/elsewhere/{n}?n={n}") for n in range(times)], streams(STREAM))

    servers: list[HostileServer] = []
    assert ask(redirects(3), servers=servers) == EVENTS
    assert [request.target for request in servers[0].requests] == [
        "/chat/completions", "/elsewhere/0?n=0", "/elsewhere/1?n=1", "/elsewhere/2?n=2"
    ]  # fmt: skip
    assert len({request.body for request in servers[0].requests}) == 1
    assert all(request.headers["authorization"].endswith(KEY.reveal()) for request in servers[0].requests)
    assert ask(redirects(1, 308)) == EVENTS
    assert "in circles" in failure(ask(redirects(4))).sentence
    for status in (301, 302, 303):
        error = failure(ask(redirects(1, status)))
        assert isinstance(error, Unreachable)
        assert "loses the request" in error.sentence


def test_a_key_in_the_query_survives_a_redirect() -> None:
    servers: list[HostileServer] = []
    behaviour = in_turn(answers(b"", 307, location="/b"), streams(STREAM))
    ask(behaviour, placement=KeyPlacement.QUERY, servers=servers)
    assert servers[0].requests[1].target == "/b?key=sk-Ab%2B%2F%3D9%25z_geheim"


def test_redirects_to_another_server_are_not_followed() -> None:
    async def scene(location: str) -> tuple[list[StreamEvent], int]:
        async with hostile_server(streams(STREAM)) as other:
            place = location.format(port=other.port, key=KEY.reveal())
            async with hostile_server(answers(b"", 307, location=place)) as server:
                client = HttpClient(Waits().policy())
                events = await collect(client, request_to(server.url))
                await client.aclose()
                return checked(events), len(other.requests)

    for location in (
        "http://127.0.0.1:{port}/x?key={key}",
        "http://localhost:{port}/",
        "//127.0.0.1:{port}/",
        "https://127.0.0.1/",
        "http://[::1",
        "",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:port/",
    ):
        events, arrived = run(scene(location))
        assert isinstance(failure(events), Unreachable)
        assert "redirects to" in failure(events).sentence
        assert arrived == 0


# time limits


def test_the_first_byte() -> None:
    async def only_a_head(exchange: Exchange) -> None:
        await exchange.send(head(content_type="text/event-stream"))
        await exchange.stall()

    async def half_a_head(exchange: Exchange) -> None:
        for letter in head(content_type="text/event-stream"):
            await exchange.send(bytes([letter]))
            await asyncio.sleep(0.05)

    for behaviour in (stalls, only_a_head, half_a_head):
        error = failure(ask(behaviour, timeouts=HURRIED))
        assert isinstance(error, TimedOut)
        assert "did not answer within 0.3 s" in error.sentence


def test_a_first_byte_may_take_longer_than_the_later_ones() -> None:
    async def thinks(exchange: Exchange) -> None:
        await asyncio.sleep(0.2)
        await exchange.send(head(content_type="text/event-stream"))
        await asyncio.sleep(0.2)
        await exchange.pieces([STREAM[:100], STREAM[100:]], 0.1)
        exchange.close()

    limits = Timeouts(connect=1, first_byte=2, between_bytes=0.15)
    assert ask(thinks, timeouts=limits) == EVENTS


def test_bytes_that_are_no_events_show_that_the_server_lives() -> None:
    async def pings(exchange: Exchange) -> None:
        await exchange.send(head(content_type="text/event-stream"))
        await exchange.pieces([b": ping\n\n"] * 8, 0.05)
        await exchange.send(STREAM)
        exchange.close()

    assert ask(pings, timeouts=Timeouts(1, 0.3, 0.2)) == EVENTS


def test_the_time_to_connect() -> None:
    """A listener that accepts nobody: once its queue is full, further connections hang."""
    import socket

    async def scene() -> list[StreamEvent]:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            await asyncio.sleep(0.05)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            try:
                return await collect(HttpClient(), request_to(url, timeouts=Timeouts(connect=0.2)))
            finally:
                for filler in fillers:
                    filler.close()

    error = failure(checked(run(scene())))
    assert isinstance(error, TimedOut)
    assert "did not take the connection within 0.2 s" in error.sentence


def test_garbage_that_stalls_is_shown_soon() -> None:
    error = failure(ask(sends(head(content_type="text/html") + b"<html>wait", then="stall")))
    assert isinstance(error, BadReply)


# retries


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_passing_failures_are_tried_again(status: int) -> None:
    waits, servers = Waits(), list[HostileServer]()
    events = ask(in_turn(answers({"error": "busy now"}, status), streams(STREAM)), waits=waits, servers=servers)
    first = events[0]
    assert isinstance(first, RetryScheduled)
    assert (first.attempt, first.most, [first.delay]) == (1, 2, waits.spans)
    assert "busy now" in first.reason
    assert 0.5 <= first.delay <= 0.5 * 1.25
    assert events[1:] == EVENTS
    assert len(servers[0].requests) == 2
    assert servers[0].requests[0].body == servers[0].requests[1].body


def test_two_retries_are_the_most() -> None:
    waits, servers = Waits(), list[HostileServer]()
    events = ask(answers({"error": "busy now"}, 503), waits=waits, servers=servers)
    assert [type(event) for event in events] == [RetryScheduled, RetryScheduled, Failed]
    assert len(servers[0].requests) == 3
    assert 1.5 <= waits.spans[1] <= 1.5 * 1.25


def test_the_server_names_the_wait() -> None:
    waits = Waits()
    behaviour = in_turn(
        answers({}, 429, retry_after="7"), answers({}, 503), answers({}, 429, retry_after="60"), streams(STREAM)
    )
    assert isinstance(failure(ask(behaviour, waits=waits)), RateLimited)
    assert waits.spans[0] == 7
    assert len(waits.spans) == 2
    waits = Waits()
    assert finish(ask(in_turn(answers({}, 429, retry_after="60"), streams(STREAM)), waits=waits))
    assert waits.spans == [60]


def test_a_long_wait_is_left_to_the_user() -> None:
    waits = Waits()
    events = ask(answers({"error": "Slow down."}, 429, retry_after="61"), waits=waits)
    assert len(events) == 1
    assert "It asks to wait 61 s." in failure(events).sentence
    assert waits.spans == []


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 500, 501])
def test_other_failures_are_final(status: int) -> None:
    assert len(ask(answers({}, status))) == 1


def test_nothing_is_tried_again_once_an_answer_began() -> None:
    servers: list[HostileServer] = []
    broken = sse(delta(content="a"), {"error": {"message": "busy", "code": 503}})
    events = ask(streams(broken), servers=servers)
    assert text_of(events) == "a"
    assert len(servers[0].requests) == 1


def test_a_passing_failure_told_in_the_body_is_tried_again() -> None:
    waits = Waits()
    busy = answers({"status": 429, "error": "slow down"}, retry_after="3")
    assert finish(ask(in_turn(busy, answers(simple("x"))), ProfileKind.PIXLAB, waits=waits))
    assert waits.spans == [3]


# connections


def test_connections_are_kept_and_used_again() -> None:
    async def scene() -> tuple[int, int]:
        async with hostile_server(in_turn(streams(STREAM), answers(completion(content="x")))) as server:
            client = HttpClient()
            for _ in range(4):
                assert finish(await collect(client, request_to(server.url)))
            await client.aclose()
            return len(server.requests), server.connections

    assert run(scene()) == (4, 1)


def test_a_client_serves_several_loops() -> None:
    client = HttpClient()

    async def scene() -> None:
        async with hostile_server(streams(STREAM)) as server:
            assert await collect(client, request_to(server.url)) == EVENTS
            await client.aclose()
            await client.aclose()

    run(scene())
    run(scene())


def test_cookies_are_not_taken() -> None:
    async def scene() -> list[dict[str, str]]:
        async with hostile_server(answers(completion(content="x"), set_cookie="id=7; Path=/")) as server:
            client = HttpClient()
            await collect(client, request_to(server.url))
            await collect(client, request_to(server.url))
            await client.aclose()
            return [request.headers for request in server.requests]

    assert all("cookie" not in headers for headers in run(scene()))


# stopping


async def stopped(client: HttpClient, server: HostileServer, after: asyncio.Event) -> float:
    """Starts an answer, cancels it once `after` is set, and tells how long that took."""
    task = asyncio.create_task(collect(client, request_to(server.url)))
    await after.wait()
    began = asyncio.get_running_loop().time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("sent", [b"", head()[:9], head(content_type="text/event-stream"), head() + STREAM[:300]])
def test_a_stalling_server_is_left_at_once(sent: bytes) -> None:
    async def scene() -> float:
        async with hostile_server(sends(sent, then="stall")) as server:
            client = HttpClient()
            took = await stopped(client, server, server.stalling)
            await server.all_closed()
            await client.aclose()
            return took

    assert run(scene()) < 0.05


def test_a_hundred_answers_are_stopped_together() -> None:
    async def scene() -> float:
        async with hostile_server(sends(head() + STREAM[:300], then="stall")) as server:
            client = HttpClient()
            tasks = [asyncio.create_task(collect(client, request_to(server.url))) for _ in range(100)]
            async with asyncio.timeout(10):
                while len(server.requests) < 100:  # noqa: ASYNC110 the server of this test counts, and tells nobody
                    await asyncio.sleep(0.01)
            began = asyncio.get_running_loop().time()
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            took = asyncio.get_running_loop().time() - began
            assert all(isinstance(end, asyncio.CancelledError) for end in ends)
            await server.all_closed()
            await client.aclose()
            return took

    assert run(scene()) < 1.0


def test_a_flood_is_left_at_once() -> None:
    async def scene() -> float:
        async with hostile_server(floods(sse(delta(content="x")))) as server:
            client = HttpClient()
            flowing = asyncio.Event()
            count = 0

            async def listen() -> None:
                nonlocal count
                async for event in client.generate(request_to(server.url), KEY):
                    count += len(event.text) if isinstance(event, TextDelta) else 0
                    if count > 5000:
                        flowing.set()

            task = asyncio.create_task(listen())
            await flowing.wait()
            began = asyncio.get_running_loop().time()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            took = asyncio.get_running_loop().time() - began
            await client.aclose()
            await server.all_closed()
            return took

    assert run(scene()) < 0.1


def test_other_tasks_go_on_in_a_flood() -> None:
    async def scene() -> float:
        async with hostile_server(floods(b": ping\n")) as server:
            client = HttpClient()
            task = asyncio.create_task(collect(client, request_to(server.url)))
            loop, longest = asyncio.get_running_loop(), 0.0
            last = loop.time()
            for _ in range(60):
                await asyncio.sleep(0)
                longest, last = max(longest, loop.time() - last), loop.time()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.aclose()
            return longest

    assert run(scene()) < 0.15


def test_the_wait_before_a_retry_is_left_at_once() -> None:
    async def scene() -> float:
        async with hostile_server(answers({}, 429, retry_after="50")) as server:
            client = HttpClient()
            waiting = asyncio.Event()

            async def listen() -> None:
                async for event in client.generate(request_to(server.url), KEY):
                    assert isinstance(event, RetryScheduled)
                    waiting.set()

            task = asyncio.create_task(listen())
            await waiting.wait()
            await asyncio.sleep(0)
            began = asyncio.get_running_loop().time()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await client.aclose()
            return asyncio.get_running_loop().time() - began

    assert run(scene()) < 0.05


def test_who_stops_reading_closes_the_connection() -> None:
    async def scene() -> None:
        async with hostile_server(sends(head() + STREAM[:300], then="stall")) as server:
            client = HttpClient()
            events = client.generate(request_to(server.url), KEY)
            assert isinstance(await anext(events), Started)
            await events.aclose()
            await server.all_closed()
            await client.aclose()

    run(scene())


# nothing leaks


def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    for placement in KeyPlacement:
        ask(streams(STREAM), placement=placement)
        ask(answers({"error": KEY.reveal()}, 400), placement=placement)
        ask(sends(b""), placement=placement)
    for text in (caplog.text, *(str(record.__dict__) for record in caplog.records)):
        assert "geheim" not in text


@pytest.mark.expected_log("unexpected KeyError in the client")
def test_a_fault_of_ours_is_a_failure_and_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    events = ask(streams(STREAM), parameters={KEY.reveal(): 1})
    assert isinstance(failure(events), BadReply)
    assert "unexpected KeyError" in failure(events).sentence
    assert "geheim" not in caplog.text
    assert "http_client.py" in caplog.text


def test_outgoing_requests_do_not_print_the_key() -> None:
    from coderapp.api.dialect import dialect_of, post

    for placement in KeyPlacement:
        profile = Profile("p", "P", ProfileKind.OPENAI, "http://h/v1", key_placement=placement)
        assert "geheim" not in repr(post(profile, "http://h/v1", KEY, {"a": 1}, dialect_of(profile.kind)))


# lists


def call(
    behaviour: Behaviour, method: str, *arguments: Any, servers: list[HostileServer] | None = None, **of: Any
) -> Any:
    async def scene() -> Any:
        client = HttpClient(Waits().policy())
        async with hostile_server(behaviour) as server:
            if servers is not None:
                servers.append(server)
            kind = of.get("kind", ProfileKind.OPENAI)
            path = "/v1" if kind is ProfileKind.OPENAI else "/coder"
            profile = replace(Profile("p", "Mine", kind, server.url + path, timeouts=HURRIED), **of)
            try:
                return await getattr(client, method)(profile, KEY, *arguments)
            finally:
                await client.aclose()

    return run(scene())


def test_models() -> None:
    servers: list[HostileServer] = []
    listed = {"object": "list", "data": [{"id": "b"}, {"id": "a"}, {"id": "b"}]}
    assert call(answers(listed), "models", servers=servers) == ("b", "a")
    assert servers[0].requests[0].method == "GET"
    assert servers[0].requests[0].target == "/v1/models"
    assert servers[0].requests[0].headers["authorization"] == f"Bearer {KEY.reveal()}"
    assert call(answers(listed), "models", kind=ProfileKind.BUILT_IN, servers=servers) == ("b", "a")
    assert servers[1].requests[0].target == "/v1/models"
    assert call(answers(listed), "models", kind=ProfileKind.PIXLAB, servers=servers) == ()
    assert servers[2].requests == []
    assert call(in_turn(answers(b"", 301, location="/there"), answers(listed)), "models") == ("b", "a")


@pytest.mark.parametrize("method", ["models", "tools"])
@pytest.mark.parametrize(
    ("behaviour", "leaf"),
    [
        (answers({"error": "no"}, 401), KeyRefused),
        (answers({"error": "no"}, 404), RequestRefused),
        (answers({"error": {"message": "no", "code": 429}}), RateLimited),
        (answers("<html>", content_type="text/html"), BadReply),
        (answers(b"\xff"), BadReply),
        (answers(b""), BadReply),
        (answers({"hello": "world"}), BadReply),
        (answers("7"), BadReply),
        (sends(whole(b"[]", content_length="9")), ConnectionLost),
        (sends(b""), ConnectionLost),
        (stalls, TimedOut),
        (answers(b"", 302, location="http://localhost/"), Unreachable),
    ],
)
def test_lists_that_fail(method: str, behaviour: Behaviour, leaf: type[EndpointError]) -> None:
    with pytest.raises(EndpointError) as caught:
        call(behaviour, method)
    assert type(caught.value) is leaf
    checked([Failed(caught.value)])


def test_a_list_without_end() -> None:
    with pytest.raises(BadReply, match="more than 16 MB"):
        call(floods(b"["), "models")


TOOL = {"type": "function", "function": {"name": "contrast", "parameters": {"type": "object"}}}


def test_tools() -> None:
    for body in ({"tools": [TOOL]}, [TOOL], {"status": 200, "output": [TOOL, 7]}, {"data": [TOOL["function"]]}):
        assert call(answers(body), "tools", kind=ProfileKind.PIXLAB) == (TOOL,)
    servers: list[HostileServer] = []
    call(answers([TOOL]), "tools", kind=ProfileKind.PIXLAB, servers=servers)
    call(answers([TOOL]), "tools", kind=ProfileKind.PIXLAB, key_placement=KeyPlacement.BODY, servers=servers)
    by_header, by_body = (server.requests[0] for server in servers)
    assert (by_header.method, by_header.target) == ("GET", "/tools")
    assert by_header.headers["www-authenticate"] == KEY.reveal()
    assert (by_body.method, by_body.json) == ("POST", {"key": KEY.reveal()})
    with pytest.raises(KeyRefused, match="nope"):
        call(answers({"status": 401, "error": "nope"}), "tools", kind=ProfileKind.PIXLAB)
    with pytest.raises(ServerFailed):
        call(answers({"status": 0, "error": "nope"}), "tools", kind=ProfileKind.PIXLAB)


def test_running_tools() -> None:
    from coderapp.core.message import ToolCallPart, ToolResultPart

    calls = (ToolCallPart("a", "contrast", '{"x": 1}'), ToolCallPart("b", "palette", "{}"))
    output = [{"type": "function", "name": "palette", "output": {"é": 1}}, {"name": "contrast", "result": "4.5"}]
    servers: list[HostileServer] = []
    results = call(answers({"status": 200, "id": "1", "output": output}), "run_tools", calls, servers=servers,
                   kind=ProfileKind.PIXLAB, key_placement=KeyPlacement.BODY)  # fmt: skip
    assert results == (ToolResultPart("a", "contrast", "4.5"), ToolResultPart("b", "palette", '{"é":1}'))
    assert servers[0].requests[0].target == "/toolcall"
    assert servers[0].requests[0].json == {
        "tools": [
            {"id": "a", "type": "function", "function": {"name": "contrast", "arguments": '{"x": 1}'}},
            {"id": "b", "type": "function", "function": {"name": "palette", "arguments": "{}"}},
        ],
        "key": KEY.reveal(),
    }
    assert call(answers({}), "run_tools", ()) == ()


# the test of a connection


def by_path(**behaviours: Behaviour) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await behaviours[exchange.request.target.rsplit("/", 1)[-1]](exchange)

    return behave


MODELS = answers({"data": [{"id": "m-1"}, {"id": "m-2"}]})


def test_check_of_an_openai_server() -> None:
    servers: list[HostileServer] = []
    result = call(by_path(models=MODELS, completions=answers(completion(content="x"))), "check", servers=servers)
    assert (result.ok, result.reached, result.key_accepted, result.model) == (True, True, True, "m-1")
    assert result.models == ("m-1", "m-2")
    assert result.sentence == f"{servers[0].host} answers and takes the key. The model is m-1."
    assert result.seconds > 0
    assert servers[0].requests[1].json == {
        "messages": [{"role": "user", "content": "Hi"}], "model": "m-1", "max_tokens": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (by_path(models=answers({"error": "bad key"}, 401)), (False, True, False)),
        (by_path(models=MODELS, completions=answers({"error": "bad key"}, 401)), (False, True, False)),
        (by_path(models=answers({}, 404), completions=answers(completion(content="x"))), (True, True, True)),
        (by_path(models=answers({}, 404), completions=answers({}, 404)), (False, True, None)),
        (by_path(models=MODELS, completions=answers({"error": "max_tokens is not known"}, 400)), (True, True, True)),
        (by_path(models=MODELS, completions=answers({"error": "no such model"}, 400)), (False, True, True)),
        (by_path(models=MODELS, completions=answers({"error": "slow down"}, 429)), (False, True, True)),
        (by_path(models=MODELS, completions=answers({"error": "broken"}, 503)), (False, True, None)),
        (by_path(models=answers("<html>")), (False, True, None)),
        (stalls, (False, False, None)),
    ],
)
def test_what_a_check_finds(behaviour: Behaviour, expected: tuple[bool, bool, bool | None]) -> None:
    result = call(behaviour, "check")
    assert (result.ok, result.reached, result.key_accepted) == expected
    assert result.sentence
    assert "geheim" not in str(result)
    assert (result.problem is None) is result.ok


def test_check_without_a_key_only_lists() -> None:
    async def scene(model: str) -> Any:
        async with hostile_server(by_path(models=MODELS)) as server:
            client = HttpClient()
            profile = Profile("p", "Mine", ProfileKind.OPENAI, server.url, model=model)
            result = await client.check(profile, None)
            await client.aclose()
            return result

    result = run(scene("m-2"))
    assert (result.ok, result.key_accepted, result.model) == (True, None, "m-2")
    assert result.sentence.endswith("It lists 2 models.")
    missing = run(scene("m-9"))
    assert not missing.ok
    assert "does not list the model m-9. It has m-1, m-2." in missing.sentence


def test_check_of_pixlab_and_the_built_in_endpoint() -> None:
    result = call(answers(simple("x")), "check", kind=ProfileKind.PIXLAB)
    assert (result.ok, result.key_accepted, result.model) == (True, True, "pix-llm")
    built_in = call(by_path(models=answers({"data": [{"id": "only"}]}), coder=answers(simple("x"))), "check",
                    kind=ProfileKind.BUILT_IN)  # fmt: skip
    assert (built_in.ok, built_in.models, built_in.model) == (True, ("only",), "pix-llm")

    async def without_a_key() -> Any:
        return await HttpClient().check(Profile("p", "Mine", ProfileKind.PIXLAB, "http://127.0.0.1:9/"), None)

    missing = run(without_a_key())
    assert (missing.ok, missing.reached, missing.key_accepted) == (False, False, False)


def test_warm_up_can_be_called_anywhere() -> None:
    HttpClient().warm_up()


# every cut and any bytes, through real sockets


def test_a_reply_cut_into_packets_anywhere() -> None:
    reply = head(content_type="text/event-stream", transfer_encoding="chunked")
    reply += chunk(STREAM[:333]) + chunk(STREAM[333:]) + chunk(b"")
    cuts = list(range(0, len(reply), 3))
    left = iter(cuts)

    async def behave(exchange: Exchange) -> None:
        cut = next(left)
        await exchange.pieces((reply[:cut], reply[cut:]))

    async def scene() -> int:
        async with hostile_server(behave) as server:
            client = HttpClient()
            for _ in cuts:
                assert await collect(client, request_to(server.url)) == EVENTS
            await client.aclose()
            return server.connections

    assert run(scene()) == 1


def test_damaged_replies_give_one_end() -> None:
    chance = random.Random(20_261_122)
    stream = head(content_type="text/event-stream", transfer_encoding="chunked") + chunk(STREAM) + chunk(b"")
    error = whole({"error": {"message": "no", "param": "top_p"}}, 400)
    replies = [stream, whole(completion(content="Hi")), error, chance.randbytes(300), head(307, location="/x")]

    async def behave(exchange: Exchange) -> None:
        damaged = bytearray(chance.choice(replies))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 4))
        await exchange.send(bytes(damaged[: chance.randint(1, 2 * len(damaged))]))
        exchange.close()

    async def scene() -> set[str]:
        found: set[str] = set()
        async with hostile_server(behave) as server:
            client = HttpClient(Waits().policy())
            for kind in [*ProfileKind] * 100:
                events = checked(await collect(client, request_to(server.url, kind, timeouts=HURRIED)))
                end = events[-1]
                found.add(type(end.error if isinstance(end, Failed) else end).__name__)
            await client.aclose()
            await server.all_closed()
        return found

    assert {"Finished", "BadReply", "ConnectionLost", "RequestRefused"} <= run(scene())


def test_a_stream_that_is_done_but_not_closed() -> None:
    began = time.monotonic()
    assert ask(sends(head(content_type="text/event-stream") + STREAM, then="stall")) == EVENTS
    assert ask(sends(head(content_length="9999") + STREAM, then="reset")) == EVENTS
    assert time.monotonic() - began < 2
