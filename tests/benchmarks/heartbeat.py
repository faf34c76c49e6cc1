"""The pulse of the UI thread: a 2 ms timer whose late beats are the stalls that a user would feel."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer

PERIOD = 2
"""Milliseconds between two beats of a thread that has nothing else to do."""


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed; 0.0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 10_000) * len(ordered) // 10_000) - 1))]


class Heartbeat(QObject):
    """Beats from `start` to `stop`. `stalls`: milliseconds by which each beat came late.

    `own_stalls` leaves out what the thread waited, ready to run, for a processor that others had (Linux; elsewhere the
    same as `stalls`): on a busy machine it tells the program's stalls from the machine's.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stalls: list[float] = []
        self.own_stalls: list[float] = []
        self._last = self._waited = 0.0
        self._timer = QTimer(self, interval=PERIOD)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        try:
            self._scheduler = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._scheduler = -1

    def _waiting(self) -> float:
        """Seconds that this thread has waited for a processor."""
        if self._scheduler < 0:
            return 0.0
        return int(os.pread(self._scheduler, 64, 0).split()[1]) / 1e9

    def start(self) -> None:
        self.stalls.clear()
        self.own_stalls.clear()
        self._last, self._waited = time.perf_counter(), self._waiting()
        self._timer.start()

    def stop(self) -> None:
        """Counts the time since the last beat too."""
        self._timer.stop()
        self._beat()

    def _beat(self) -> None:
        now, waited = time.perf_counter(), self._waiting()
        late = (now - self._last) * 1000 - PERIOD
        self.stalls.append(max(0.0, late))
        self.own_stalls.append(max(0.0, late - (waited - self._waited) * 1000))
        self._last, self._waited = now, waited

    def figures(self) -> dict[str, float]:
        """`p99` and `max` in milliseconds, the same without the machine's waits, and the number of beats."""
        return {
            "p99": round(quantile(self.stalls, 0.99), 2),
            "max": round(max(self.stalls, default=0.0), 2),
            "own_p99": round(quantile(self.own_stalls, 0.99), 2),
            "own_max": round(max(self.own_stalls, default=0.0), 2),
            "beats": len(self.stalls),
        }
