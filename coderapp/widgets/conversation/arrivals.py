"""Text of an answer on its way into the view: as much of it in a frame as a frame has room for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

FRAME = 0.010
"""Seconds that reading text, and laying out and painting what it changed, may last together."""

LEAST, MOST = 0.0015, 0.004
"""Seconds for the reading, of what laying out and painting left in the last frame."""

PIECE = 400
"""Characters that are read at a time."""

AT_ONCE = 300
"""Characters that are read where they are delivered."""

NEXT_FRAME = 5
"""Milliseconds until what did not fit is gone on with: painting, keys and clicks come between."""


class Arrivals(QObject):
    """While `can_show()`, `take(row, text)` is called with pieces, and `show(row, at_once)` after some of them; else
    they wait until `wake`. `settled(row)` is called when a row that ended (`settle_later`) has been taken in.
    """

    def __init__(
        self,
        can_show: Callable[[], bool],
        take: Callable[[int, str], None],
        show: Callable[[int, bool], None],
        settled: Callable[[int], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._can_show = can_show
        self._take = take
        self._show = show
        self._settled = settled
        self._waiting: deque[str] = deque()
        self._row = -1
        self._settles = False
        self._busy = False
        self._showing = 0.0
        self.painting = 0.0
        """Seconds that the last frame took to paint."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def put(self, row: int, text: str) -> None:
        self._row = row
        for start in range(0, len(text), PIECE):
            self._waiting.append(text[start : start + PIECE])
        if not self._waiting or self._timer.isActive() or self._busy:
            return
        if len(text) <= AT_ONCE:
            self._go_on(at_once=True)
        else:  # not in one go with what delivered it, nor with painting: keys and clicks come between
            self._timer.start(0)

    def settle_later(self, row: int) -> bool:
        """Whether text of the row still waits; then `settled` is called when it does not any more."""
        if row == self._row and self._waiting:
            self._settles = True
            return True
        return False

    def clear(self) -> int:
        """Forgets what waits. Returns the row that it was for, -1 where nothing waited."""
        row = self._row if self._waiting or self._settles else -1
        self._waiting.clear()
        self._timer.stop()
        self._settles = False
        return row

    def wake(self) -> None:
        """Something can be seen again."""
        if self._waiting and not self._timer.isActive() and not self._busy:
            self._timer.start(NEXT_FRAME)

    def _go_on(self, *, at_once: bool = False) -> None:
        if not self._can_show():
            return
        end = time.perf_counter() + min(max(LEAST, FRAME - self._showing - self.painting), MOST)
        self._busy = True
        try:
            while self._waiting:
                self._take(self._row, self._waiting.popleft())
                if time.perf_counter() > end:
                    break
            begin = time.perf_counter()
            self._show(self._row, at_once)
            self._showing = time.perf_counter() - begin
        finally:
            self._busy = False
        if self._waiting:
            self._timer.start(NEXT_FRAME)
        elif self._settles:
            self._settles = False
            self._settled(self._row)
