"""Work in threads, and its way back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from coderapp.core.errors import CoderappError
from coderapp.qt.background import AbandonableCalls, Delivery, Worker


class Outcomes:
    """Gathers what work came to, and in which thread it was told."""

    def __init__(self) -> None:
        self.results: list[object] = []
        self.errors: list[CoderappError] = []
        self.threads: set[int] = set()

    def success(self, result: object) -> None:
        self.results.append(result)
        self.threads.add(threading.get_ident())

    def failure(self, error: CoderappError) -> None:
        self.errors.append(error)
        self.threads.add(threading.get_ident())


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    made = Worker("test")
    yield made
    made.stop()


def where(number: int) -> tuple[int, int]:
    return number, threading.get_ident()


def test_work_is_done_in_order_elsewhere_and_told_here(qtbot: QtBot, worker: Worker) -> None:
    told = Outcomes()
    for number in range(50):
        worker.submit(partial(where, number), told.success, told.failure)
    qtbot.waitUntil(lambda: len(told.results) == 50)
    assert [result[0] for result in told.results if isinstance(result, tuple)] == list(range(50))
    elsewhere = {result[1] for result in told.results if isinstance(result, tuple)}
    assert len(elsewhere) == 1
    assert told.threads == {threading.get_ident()}
    assert threading.get_ident() not in elsewhere
    assert told.errors == []


def test_errors_of_ours_come_as_they_are(qtbot: QtBot, worker: Worker) -> None:
    told = Outcomes()

    def fail() -> None:
        raise CoderappError("It broke.", advice="Mend it.")

    worker.submit(fail, told.success, told.failure)
    worker.submit(lambda: "next", told.success, told.failure)
    qtbot.waitUntil(lambda: told.results == ["next"])
    assert [(error.sentence, error.advice) for error in told.errors] == [("It broke.", "Mend it.")]


@pytest.mark.expected_log("work in the background failed")
def test_other_errors_become_a_sentence_and_a_line_in_the_log(qtbot: QtBot, worker: Worker) -> None:
    told = Outcomes()
    worker.submit(lambda: 1 / 0, told.success, told.failure)
    qtbot.waitUntil(lambda: bool(told.errors))
    assert "ZeroDivisionError" in told.errors[0].sentence


def test_stopping_finishes_what_is_queued_and_tells_nothing_more(qtbot: QtBot) -> None:
    worker, told = Worker("test"), Outcomes()
    done: list[int] = []
    for number in range(20):
        worker.submit(partial(done.append, number), told.success, told.failure)
    worker.stop()
    assert done == list(range(20))
    qtbot.wait(1)
    assert told.results == []


def test_a_worker_that_was_never_used_has_no_thread(qtbot: QtBot) -> None:
    worker = Worker("test")
    assert not worker.findChildren(QThread)
    worker.stop()


def test_deliveries_come_in_order_from_any_thread(qtbot: QtBot) -> None:
    delivery = Delivery()
    got: list[int] = []

    def hand_over() -> None:
        for number in range(100):
            delivery.hand_over(partial(got.append, number))

    thread = threading.Thread(target=hand_over)
    thread.start()
    thread.join()
    assert got == []
    qtbot.waitUntil(lambda: len(got) == 100)
    assert got == list(range(100))


# calls that may block


def silent() -> CoderappError:
    return CoderappError("No answer.")


@pytest.fixture
def block() -> Iterator[threading.Event]:
    """Set at the end; calls that wait for it are waited for."""
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(5)


def test_a_call_in_time(qtbot: QtBot) -> None:
    calls, told = AbandonableCalls(5, silent), Outcomes()
    calls.submit(lambda: 42, told.success, told.failure)
    qtbot.waitUntil(lambda: told.results == [42])
    assert told.threads == {threading.get_ident()}


def test_a_call_that_blocks_is_left_behind_and_the_next_one_is_made(qtbot: QtBot, block: threading.Event) -> None:
    calls, told = AbandonableCalls(0.15, silent), Outcomes()
    begun = time.perf_counter()
    calls.submit(lambda: block.wait(20), told.success, told.failure)
    calls.submit(lambda: "next", told.success, told.failure)
    assert time.perf_counter() - begun < 0.1
    qtbot.waitUntil(lambda: told.results == ["next"], timeout=2000)
    assert [error.sentence for error in told.errors] == ["No answer."]
    block.set()
    qtbot.wait(20)
    assert told.results == ["next"], "what comes too late is not told"


def test_calls_are_made_one_at_a_time(qtbot: QtBot) -> None:
    calls, told = AbandonableCalls(5, silent), Outcomes()
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    for _ in range(10):
        calls.submit(work, told.success, told.failure)
    qtbot.waitUntil(lambda: len(told.results) == 10)
    assert set(most) == {1}


def test_a_late_answer_after_the_end_harms_nobody(qtbot: QtBot, block: threading.Event) -> None:
    """The program ends while a call blocks: its thread finds nobody to tell."""
    calls = AbandonableCalls(5, silent)
    calls.submit(lambda: block.wait(20), lambda _: None, lambda _: None)
    calls.stop()
    calls.deleteLater()
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    block.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(5)
    qtbot.wait(1)


ENDING = """
import gc, sys
from PySide6.QtCore import QCoreApplication
from coderapp.core.errors import CoderappError
from coderapp.qt.background import AbandonableCalls

gc.disable()
sys.setswitchinterval(1e-5)
application = QCoreApplication([])


def use():
    calls, told = AbandonableCalls(5, lambda: CoderappError("late")), []
    for number in range(10):
        calls.submit(lambda: number, told.append, print)
    while len(told) < 10:
        application.processEvents()


for _ in range(60):
    use()
"""


def test_it_may_be_let_go_of_as_soon_as_it_has_answered() -> None:
    """Neither the thread of a call nor the timer of its deadline is what it ends with."""
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
