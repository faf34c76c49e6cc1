"""Work off the UI thread, its outcome delivered back on it. Who starts work says there what happens if it fails."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from coderapp.core.errors import CoderappError

T = TypeVar("T")
Failure = Callable[[CoderappError], None]
Job = Callable[[], None]

STACK_BYTES = 16 * 1024 * 1024
"""Nested formulas recurse in C, and macOS gives a thread no more than 512 KB."""

log = logging.getLogger(__name__)


class InThread(Protocol):
    """`in_thread(work, done, failed)`: runs `work` in a thread, then `done(result)` in the UI thread. Where it fails
    that is said, and `failed(error)` called: who waits must not wait for ever.
    """

    def __call__(self, work: Callable[[], T], done: Callable[[T], None], failed: Failure | None = None, /) -> None: ...


class Delivery(QObject):
    """Runs what other threads hand over in the thread that it was made in."""

    _handed_over = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._lock = threading.Lock()  # an emit must not meet the deletion of this object, which crashes
        self._handed_over.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def close(self) -> None:
        """What is handed over, or was and waits, is not run any more. Comes before this object is deleted."""
        with self._lock:
            self._closed = True

    def hand_over(self, job: Job) -> None:
        """Callable from any thread, also after `close`, by one that was left behind."""
        with self._lock:
            if not self._closed:
                self._handed_over.emit(job)

    @Slot(object)
    def _run(self, job: Job) -> None:
        if not self._closed:
            job()


def _outcome(work: Callable[[], T], success: Callable[[T], None], failure: Failure) -> Job:
    """Does the work and returns what is to be called with its outcome."""
    try:
        result = work()
    except CoderappError as error:
        known = error
        return lambda: failure(known)
    except Exception as error:
        # A fault of ours: it must reach the user as a sentence, and the log with its place.
        log.exception("work in the background failed")
        fault = CoderappError(
            f"An internal error occurred ({type(error).__name__}).", advice="Please report it; nothing was lost."
        )
        return lambda: failure(fault)
    return lambda: success(result)


class _QueueThread(QThread):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setStackSize(STACK_BYTES)
        self.jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()

    def run(self) -> None:
        while (job := self.jobs.get()) is not None:
            job()

    def empty(self) -> None:
        """Forgets what waits."""
        with suppress(queue.Empty):
            while True:
                self.jobs.get_nowait()


class Worker(QObject):
    """One thread that works off a queue in order. `stop` finishes what is queued, and is the end."""

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._thread: _QueueThread | None = None
        self._delivery = Delivery(self)

    def submit(self, work: Callable[[], T], success: Callable[[T], None], failure: Failure) -> None:
        """Runs `work` in the thread; then `success(result)` or `failure(error)` in the UI thread."""

        def job() -> None:
            self._delivery.hand_over(_outcome(work, success, failure))

        if self._thread is None:
            self._thread = _QueueThread(self._name)
            self._thread.start()
        self._thread.jobs.put(job)

    def stop(self, *, finish: bool = True) -> None:
        """Waits until everything that was submitted is done; without `finish` only until what runs now is. Outcomes are
        not delivered any more: they would begin new work at the program's end.
        """
        self._delivery.close()
        if self._thread is not None:
            if not finish:
                self._thread.empty()
            self._thread.jobs.put(None)
            self._thread.wait()
            self._thread = None


class AbandonableCalls(QObject):
    """Calls that may block without limit, each in a daemon thread of its own, one at a time, with a deadline.

    Past the deadline `failure` is called and the thread is left to itself: a keyring that shows a prompt which nobody
    sees must not hold up the program, not even its end.
    """

    def __init__(self, deadline: float, late: Callable[[], CoderappError], parent: QObject | None = None) -> None:
        """`deadline` in seconds; `late` makes the error for a call that missed it."""
        super().__init__(parent)
        self._deadline = deadline
        self._late = late
        self._waiting: list[Callable[[], None]] = []
        self._busy = False
        self._delivery = Delivery(self)

    def submit(self, work: Callable[[], T], success: Callable[[T], None], failure: Failure) -> None:
        self._waiting.append(lambda: self._start(work, success, failure))
        self._next()

    def _next(self) -> None:
        if not self._busy and self._waiting:
            self._busy = True
            self._waiting.pop(0)()

    def _start(self, work: Callable[[], T], success: Callable[[T], None], failure: Failure) -> None:
        settled = False

        def settle(job: Job) -> None:
            nonlocal settled
            if settled:
                return
            settled = True
            timer.stop()
            # Else its end would let go of what it calls, perhaps of this object, whose end would end the timer again.
            timer.timeout.disconnect()
            timer.deleteLater()
            self._busy = False
            job()
            self._next()

        timer = QTimer(self, singleShot=True, interval=round(self._deadline * 1000))
        timer.timeout.connect(lambda: settle(lambda: failure(self._late())))
        timer.start()

        def run() -> None:
            outcome = _outcome(work, success, failure)

            def arrive() -> None:
                # It only has to return. Were it the last that knows this object, it would end it in its thread, which
                # Qt answers with a crash.
                thread.join()
                settle(outcome)

            self._delivery.hand_over(arrive)

        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()

    def stop(self) -> None:
        """Leaves calls that still run to themselves; nothing of them is heard any more."""
        self._waiting.clear()
        self._delivery.close()
