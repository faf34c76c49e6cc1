"""Streams in a thread: order, batches, cancelling, the end."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Iterator

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from coderapp.api.client import Client
from coderapp.api.scripted import Script, ScriptedClient, answer
from coderapp.core.errors import Unreachable
from coderapp.core.events import Failed, Finished, StreamEvent, TextDelta
from coderapp.core.message import FinishReason
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret
from coderapp.qt.outbox import FRAME
from coderapp.qt.stream_worker import StreamWorker

REQUEST = GenerationRequest(Profile("o", "Open", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1"), ())


class Ears(QObject):
    """Notes each batch with the time at which it came."""

    def __init__(self, worker: StreamWorker) -> None:
        super().__init__()
        self.batches: list[tuple[float, int, list[StreamEvent]]] = []
        self.threads: set[int] = set()
        worker.events_arrived.connect(self._on_events)

    @Slot(int, list)
    def _on_events(self, job: int, events: list[StreamEvent]) -> None:
        self.batches.append((time.perf_counter(), job, events))
        self.threads.add(threading.get_ident())

    def events(self, job: int) -> list[StreamEvent]:
        return [event for _, of, batch in self.batches if of == job for event in batch]

    def text(self, job: int) -> str:
        return "".join(event.text for event in self.events(job) if isinstance(event, TextDelta))

    def ended(self, job: int) -> bool:
        return any(isinstance(event, Finished | Failed) for event in self.events(job))


class Bench:
    def __init__(self, client: Client) -> None:
        self.made = 0
        self.client = client
        self.worker = StreamWorker(self._factory)
        self.ears = Ears(self.worker)

    def _factory(self) -> Client:
        self.made += 1
        return self.client


@pytest.fixture
def benches(qtbot: QtBot) -> Iterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for bench in made:
        bench.worker.stop()


def bench_with(benches: list[Bench], *scripts: Script) -> Bench:
    benches.append(Bench(ScriptedClient(*scripts)))
    return benches[-1]


def test_events_come_in_order_in_the_thread_of_the_window(qtbot: QtBot, benches: list[Bench]) -> None:
    text = "".join(f"{n} " for n in range(500))
    bench = bench_with(benches, answer(text, piece=3))
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.ended(job))
    assert bench.ears.text(job) == text
    assert isinstance(bench.ears.events(job)[-1], Finished)
    assert bench.ears.threads == {threading.get_ident()}
    assert bench.made == 1


def test_batches_come_once_a_frame(qtbot: QtBot, benches: list[Bench]) -> None:
    bench = bench_with(benches, answer("x" * 300, piece=1, delay=0.001))
    begun = time.perf_counter()
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.ended(job))
    took = time.perf_counter() - begun
    assert len(bench.ears.events(job)) > 300
    assert len(bench.ears.batches) <= took / FRAME + 3
    assert len(bench.ears.batches) >= took / FRAME / 4


def test_the_first_word_does_not_wait_for_a_frame(qtbot: QtBot, benches: list[Bench]) -> None:
    bench = bench_with(benches, [(0.0, TextDelta("first")), (5.0, TextDelta("second"))])
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.text(job) == "first", timeout=2000)


def test_the_last_word_before_a_pause_comes_within_a_frame(qtbot: QtBot, benches: list[Bench]) -> None:
    bench = bench_with(benches, [(0.0, TextDelta("a")), (0.002, TextDelta("b")), (5.0, TextDelta("c"))])
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.text(job) == "ab", timeout=1000)


def test_streams_run_side_by_side(qtbot: QtBot, benches: list[Bench]) -> None:
    scripts = [answer(letter * 50, piece=5, delay=0.01) for letter in "abc"]
    bench = bench_with(benches, *scripts)
    begun = time.perf_counter()
    jobs = [bench.worker.start(REQUEST, None) for _ in scripts]
    qtbot.waitUntil(lambda: all(bench.ears.ended(job) for job in jobs))
    assert time.perf_counter() - begun < 0.3
    assert sorted(bench.ears.text(job) for job in jobs) == ["a" * 50, "b" * 50, "c" * 50]


class Stalling(ScriptedClient):
    """Never answers; tells when it was told to give up."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.cancelled = threading.Event()

    async def generate(self, request: GenerationRequest, key: Secret | None) -> AsyncGenerator[StreamEvent]:
        import asyncio

        self.begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        yield Finished(FinishReason.STOP)


def test_cancelling_ends_a_stalled_stream_at_once(qtbot: QtBot, benches: list[Bench]) -> None:
    client = Stalling()
    benches.append(Bench(client))
    bench = benches[-1]
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(client.begun.is_set)
    begun = time.perf_counter()
    bench.worker.cancel(job)
    assert time.perf_counter() - begun < 0.02
    assert client.cancelled.wait(0.5)
    qtbot.wait(20)
    assert bench.ears.events(job) == []


def test_cancelling_what_never_was_or_is_over_harms_nobody(qtbot: QtBot, benches: list[Bench]) -> None:
    bench = bench_with(benches, answer("done"))
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.ended(job))
    bench.worker.cancel(job)
    bench.worker.cancel(99)
    again = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.ended(again))


def test_stopping_cancels_all_and_closes_the_client(qtbot: QtBot) -> None:
    client = Stalling()
    bench = Bench(client)
    bench.worker.start(REQUEST, None)
    qtbot.waitUntil(client.begun.is_set)
    begun = time.perf_counter()
    bench.worker.stop()
    assert time.perf_counter() - begun < 0.5
    assert client.cancelled.is_set()
    assert client.closed
    bench.worker.stop()


def test_stopping_one_that_was_never_used(qtbot: QtBot) -> None:
    bench = Bench(ScriptedClient())
    bench.worker.stop()
    assert bench.made == 0


class Broken(ScriptedClient):
    async def generate(self, request: GenerationRequest, key: Secret | None) -> AsyncGenerator[StreamEvent]:
        yield TextDelta("Half")
        raise ZeroDivisionError

    async def models(self, profile: Profile, key: Secret | None) -> tuple[str, ...]:
        raise ZeroDivisionError


@pytest.mark.expected_log("a stream failed")
def test_a_fault_of_ours_ends_the_stream_with_a_sentence(qtbot: QtBot, benches: list[Bench]) -> None:
    benches.append(Bench(Broken()))
    job = benches[-1].worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: benches[-1].ears.ended(job))
    assert benches[-1].ears.text(job) == "Half"
    last = benches[-1].ears.events(job)[-1]
    assert isinstance(last, Failed)
    assert "ZeroDivisionError" in last.error.sentence


def test_calls_tell_their_outcome_here(qtbot: QtBot, benches: list[Bench]) -> None:
    bench = bench_with(benches)
    got: list[object] = []
    bench.worker.call(lambda client: client.models(REQUEST.profile, None), got.append, got.append)
    qtbot.waitUntil(lambda: got == [("scripted",)])
    failing = Bench(ScriptedClient(failure=Unreachable("Nobody there.")))
    benches.append(failing)
    errors: list[Exception] = []
    failing.worker.call(lambda client: client.models(REQUEST.profile, None), got.append, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "Nobody there."


@pytest.mark.expected_log("a call to the endpoint failed")
def test_a_fault_of_ours_in_a_call_becomes_a_sentence(qtbot: QtBot, benches: list[Bench]) -> None:
    benches.append(Bench(Broken()))
    errors: list[Exception] = []
    benches[-1].worker.call(lambda client: client.models(REQUEST.profile, None), lambda _: None, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert "ZeroDivisionError" in str(errors[0])


def test_warming_makes_the_client_before_the_first_prompt(qtbot: QtBot, benches: list[Bench]) -> None:
    bench = bench_with(benches, answer("x"))
    bench.worker.warm()
    qtbot.waitUntil(lambda: bench.made == 1)
    job = bench.worker.start(REQUEST, None)
    qtbot.waitUntil(lambda: bench.ears.ended(job))
    assert bench.made == 1
