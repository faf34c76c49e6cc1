"""What every measured process shares: waiting for paint, memory, the profiler."""

from __future__ import annotations

import cProfile
import gc
import io
import pstats
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

PATIENCE = 120.0
"""Seconds after which something that should have come has not."""

_PAINTED = QEvent.Type(QEvent.registerEventType())

_profiler: list[cProfile.Profile] = []


class MeasurementFailed(Exception):
    """What was waited for did not come."""


def profile() -> None:
    """Has `measured` profile the thread that it runs in."""
    _profiler.append(cProfile.Profile())


@contextmanager
def measured() -> Generator[None]:
    """Around the part of a run that counts, in the UI thread."""
    if not _profiler:
        yield
        return
    _profiler[0].enable()
    try:
        yield
    finally:
        _profiler[0].disable()


def print_profile() -> None:
    """To stderr: the functions by their own time, then by what they and their callees took."""
    if not _profiler:
        return
    out = io.StringIO()
    stats = pstats.Stats(_profiler[0], stream=out).strip_dirs()
    stats.sort_stats("tottime").print_stats(45)
    stats.sort_stats("cumulative").print_stats(45)
    print(out.getvalue(), file=sys.stderr)


class Painted(QObject):
    """Watches a widget: `count` of its paints, `ended`, the monotonic time at which the last one was done and on the
    window's buffer; `on_painted` is called then, if set.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        self.ended = 0.0
        self.on_painted: Callable[[], None] | None = None
        self._posted = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self.count += 1
            if self.on_painted is not None and not self._posted:
                self._posted = True
                QCoreApplication.postEvent(self, QEvent(_PAINTED), Qt.EventPriority.HighEventPriority.value)
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == _PAINTED:
            self._posted = False
            self.ended = time.monotonic()
            if self.on_painted is not None:
                self.on_painted()
            return True
        return super().event(event)


def pump_until(done: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Runs the event loop, asleep while nothing happens, until `done`. Raises MeasurementFailed."""
    if done():
        return
    loop = QEventLoop()
    tick = QTimer(interval=4)
    tick.start()
    by = time.monotonic() + patience
    while not done():
        if time.monotonic() > by:
            raise MeasurementFailed(f"waited {patience:.0f} s in vain for {getattr(done, '__qualname__', done)}")
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def rest(seconds: float) -> None:
    """Lets the event loop run for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


class Flusher:
    """Runs the event loop after each flush until the widget has painted it, for the program and the limits alike.

    A flush that changes nothing on screen (half a table row that is held back, say) is not waited for beyond `grace`
    milliseconds; `unpainted` counts those.
    """

    def __init__(self, widget: QWidget, pending: Callable[[], bool] = lambda: False, grace: int = 25) -> None:
        self.unpainted = 0
        self._painted = Painted(widget)
        self._pending = pending
        self._grace = QTimer(singleShot=True, interval=grace)
        self._loop = QEventLoop()

    def flush(self, act: Callable[[], None]) -> None:
        before = self._painted.count
        act()
        QApplication.processEvents()
        if self._painted.count > before and not self._pending():
            return
        self._grace.start()
        while self._painted.count == before or self._pending():
            if not self._grace.isActive() and not self._pending():
                self.unpainted += 1
                return
            self._loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        self._grace.stop()


def memory_mb() -> float:
    """What this process has of its own, in MB, garbage collected: memory that maps files is left out, for its share of
    that changes with other processes that map them too.
    """
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Pss_Anon:")).split()[1]) / 1024


def thread_seconds() -> dict[str, float]:
    """Processor seconds of this process's threads by their names; threads of one name together (Linux)."""
    found: dict[str, float] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            name = (task / "comm").read_text(encoding="utf-8").strip()
            spent = int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        except OSError:
            continue  # it has ended
        found[name] = found.get(name, 0.0) + spent
    return found
