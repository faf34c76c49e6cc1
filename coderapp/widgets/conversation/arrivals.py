"""Text of an answer on its way into the view: as much of it in a frame as a frame has room for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

BUDGET = 0.008
"""Seconds that taking text in may last before it is put off to the next frame."""

PIECE = 1_000
"""Characters that are taken in at a time."""

NEXT_FRAME = 6
"""Milliseconds until what did not fit is gone on with: painting, keys and clicks come between."""


class Arrivals(QObject):
    """`take(row, text)` is called with pieces; it returns False where nothing can be seen: then they wait until `wake`.
    `settled(row)` is called when a row that ended (`settle_later`) has been taken in.
    """

    def __init__(self, take: Callable[[int, str], bool], settled: Callable[[int], None], parent: QObject) -> None:
        super().__init__(parent)
        self._take = take
        self._settled = settled
        self._waiting: deque[str] = deque()
        self._row = -1
        self._settles = False
        self._busy = False
        self._timer = QTimer(self, singleShot=True, interval=NEXT_FRAME)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def put(self, row: int, text: str) -> None:
        self._row = row
        for start in range(0, len(text), PIECE):
            self._waiting.append(text[start : start + PIECE])
        if self._waiting and not self._timer.isActive() and not self._busy:
            self._go_on()

    def settle_later(self, row: int) -> bool:
        """Whether text of the row still waits; then `settled` is called when it does not any more."""
        if row == self._row and self._waiting:
            self._settles = True
            return True
        return False

    def clear(self) -> None:
        self._waiting.clear()
        self._timer.stop()
        self._settles = False

    def wake(self) -> None:
        """Something can be seen again."""
        if self._waiting and not self._timer.isActive() and not self._busy:
            self._timer.start()

    def _go_on(self) -> None:
        begin = time.perf_counter()
        self._busy = True
        try:
            while self._waiting:
                if not self._take(self._row, self._waiting[0]):
                    return
                if self._waiting:
                    self._waiting.popleft()
                if time.perf_counter() - begin > BUDGET:
                    break
        finally:
            self._busy = False
        if self._waiting:
            self._timer.start()
        elif self._settles:
            self._settles = False
            self._settled(self._row)
