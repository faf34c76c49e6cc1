"""Highlighting off the UI thread. Pygments is imported there, after the window stands."""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot

from coderapp.qt.colouring import SHORT, SMALL, Colouring, OnChange, Spans

__all__ = ["Highlighter", "OnChange", "Spans"]

FRAME = 16
"""Milliseconds between two deliveries of changed colours."""

BUDGET = 0.004
"""Seconds of the UI thread that results may take before events have their turn."""

_log = logging.getLogger(__name__)


@dataclass(order=True, slots=True)
class _Job:
    """`work` is done in the thread, `done` is called with its result in the UI thread."""

    rank: int
    number: int
    owner: Colouring | None = field(compare=False)
    work: Callable[[], Any] = field(compare=False)
    done: Callable[[Any], None] = field(compare=False)
    result: Any = field(compare=False, default=None)


class _Thread(QThread):
    arrived = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("highlighter")
        self.jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self.results: deque[_Job] = deque()
        self.stopping = False

    def run(self) -> None:
        while True:
            job = self.jobs.get()
            if self.stopping:
                return
            if job.owner is None or not job.owner.released:
                try:
                    job.result = job.work()
                except Exception:  # noqa: BLE001 - a fault in one block must not end the thread
                    _log.exception("highlighting failed")
            self.results.append(job)
            self.arrived.emit()


class Highlighter(QObject):
    """Signal: `warmed(language)`: its lexer can now be used in the UI thread without a stall."""

    warmed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: _Thread | None = None
        self._numbers = count()
        self._under_way = 0
        self._warm: set[str] = set()
        self._cold: dict[str, list[Colouring]] = {}
        self._pace: dict[str, float] = {}  # seconds a character, of the languages that were lexed here
        self._dirty: dict[Colouring, tuple[int, int]] = {}
        self._told = 0.0
        self._frame = QTimer(self, singleShot=True)
        self._frame.timeout.connect(self._tell)

    def colouring(self, lines: list[str], language: str, *, closed: bool, on_change: OnChange) -> Colouring:
        """The colours of a block whose list of lines grows in place; `on_change(first, last)` is called in the UI
        thread when those lines got other colours, at most once a frame.
        """
        return Colouring(self, lines, language, closed=closed, on_change=on_change)

    def warm(self, language: str) -> None:
        """Loads a language's lexer in the thread."""
        if language in self._warm or language in self._cold:
            return
        self._cold[language] = []

        def work() -> None:
            from coderapp.text import highlight

            highlight.warm(language)

        self.submit(None, work, lambda _: self._on_warmed(language), urgent=True)

    @property
    def pending(self) -> int:
        """Pieces of work under way, and blocks whose new colours have not been told yet."""
        return self._under_way + len(self._dirty)

    def stop(self) -> None:
        """Ends the thread; what is not done is dropped."""
        self._frame.stop()
        if self._thread is not None:
            self._thread.stopping = True
            self._thread.jobs.put(_Job(-1, 0, None, lambda: None, lambda _: None))
            self._thread.wait()
            self._thread = None

    # for Colouring

    def is_ready(self, language: str, asker: Colouring) -> bool:
        """Whether the language may be lexed here; else it is loaded, and `asker.wake()` is called then."""
        if language in self._warm:
            return True
        self.warm(language)
        if asker not in self._cold[language]:
            self._cold[language].append(asker)
        return False

    def small(self, language: str) -> int:
        """Characters that may be lexed in the UI thread at once."""
        pace = self._pace.get(language, 0.0)
        return min(SMALL, max(SMALL // 8, int(SHORT / pace))) if pace else SMALL

    def took(self, language: str, size: int, seconds: float) -> None:
        """How long it took to lex some characters here."""
        if size >= 40:
            # What else ran meanwhile counts as well: the best pace of late is nearest to the truth.
            pace = seconds / size
            self._pace[language] = min(pace, 1.1 * self._pace.get(language, pace))

    def submit(
        self, owner: Colouring | None, work: Callable[[], Any], done: Callable[[Any], None], *, urgent: bool
    ) -> None:
        """`done` gets None where the work failed or `owner` was released."""
        if self._thread is None:
            self._thread = _Thread()
            self._thread.arrived.connect(self._on_arrived)
            self._thread.start()
        self._under_way += 1
        self._thread.jobs.put(_Job(0 if urgent else 1, next(self._numbers), owner, work, done))

    def changed(self, colouring: Colouring, first: int, last: int) -> None:
        known = self._dirty.get(colouring)
        self._dirty[colouring] = (min(first, known[0]), max(last, known[1])) if known else (first, last)
        if not self._frame.isActive():
            waited = int((perf_counter() - self._told) * 1000)
            self._frame.start(max(0, FRAME - waited))

    def forget(self, colouring: Colouring) -> None:
        self._dirty.pop(colouring, None)

    @Slot()
    def _on_arrived(self) -> None:
        begin = perf_counter()
        while self._thread is not None and self._thread.results:
            job = self._thread.results.popleft()
            job.done(job.result)
            self._under_way -= 1
            if perf_counter() - begin > BUDGET:
                QTimer.singleShot(0, self, self._on_arrived)
                return

    @Slot()
    def _tell(self) -> None:
        self._told = perf_counter()
        dirty, self._dirty = self._dirty, {}
        for colouring, (first, last) in dirty.items():
            colouring.tell(first, last)

    def _on_warmed(self, language: str) -> None:
        self._warm.add(language)
        for colouring in self._cold.pop(language, []):
            if not colouring.released:
                colouring.wake()
        self.warmed.emit(language)
