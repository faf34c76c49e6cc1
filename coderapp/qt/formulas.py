"""Images of formulas, drawn in a thread. The libraries for it are imported there, when the first formula comes."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from threading import Condition

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QImage

MOST_KEPT = 300
"""Formulas."""

MOST_BYTES = 48 * 1024 * 1024
"""Of their images."""

MOST_WAITING = 300
"""What has waited longest is forgotten beyond these; who still wants it asks again."""

GATHER_MS = 30
"""How long formulas that come after each other are gathered for one `ready`."""

STACK_BYTES = 16 * 1024 * 1024
"""Nested formulas recurse in C, and macOS gives a thread no more than 512 KB."""

X_HEIGHT = 0.473
"""Of the formulas' font, in its size. A serif font's small letters are small: beside a sans-serif text of the same size
formulas look two sizes too small.
"""

log = logging.getLogger(__name__)


def matching_size(metrics: QFontMetricsF) -> float:
    """The pixel size, in halves, at which the small letters of formulas are as high as those of the text beside."""
    return max(4.0, round(2 * metrics.xHeight() / X_HEIGHT) / 2)


@dataclass(frozen=True, slots=True)
class Formula:
    """A drawn formula. `width`, `height` and `depth`, the part of the height below the baseline, are in
    device-independent pixels and make whole device pixels, so that an image set on a whole device pixel is sharp.
    """

    image: QImage | None = None
    width: float = 0.0
    height: float = 0.0
    depth: float = 0.0

    @property
    def failed(self) -> bool:
        """Nothing could be drawn: the source is to be shown."""
        return self.image is None


@dataclass(frozen=True, slots=True)
class _Wish:
    tex: str
    display: bool
    pixel_size: float
    colour: str
    ratio: float


class Formulas(QObject):
    """Signal: `ready()`: some formulas that were asked for can be had now."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[_Wish, Formula] = OrderedDict()
        self._bytes = 0
        self._thread: _Thread | None = None
        self._stopped = False
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.ready)

    def image(self, tex: str, *, display: bool, pixel_size: float, colour: str, ratio: float) -> Formula | None:
        """What is drawn already, at once; else None, and it is drawn, what was asked for last first.

        `tex` is without delimiters; `pixel_size` is the font's, device-independent; `colour` is like "#1f2328"; `ratio`
        is the device pixel ratio. Who lays out keeps what it got: no more than `MOST_KEPT` are kept here.
        """
        wish = _Wish(tex, display, pixel_size, colour, ratio)
        if (formula := self._kept.get(wish)) is not None:
            self._kept.move_to_end(wish)
            return formula
        if not self._stopped:
            if self._thread is None:
                self._thread = _Thread()
                self._thread.drawn.connect(self._on_drawn)
                self._thread.start()
            self._thread.ask(wish)
        return None

    @property
    def pending(self) -> int:
        """Formulas that were asked for and have not come."""
        return self._thread.pending if self._thread is not None else 0

    def stop(self) -> None:
        """Ends the thread, after the formula that it is at (at most about half a second). What waits is forgotten."""
        self._stopped = True
        self._gather.stop()
        if self._thread is not None:
            self._thread.end()
            self._thread.wait()
            self._thread.drawn.disconnect(self._on_drawn)
            self._thread = None

    @Slot(object, object)
    def _on_drawn(self, wish: _Wish, formula: Formula) -> None:
        if self._thread is None:
            return
        self._thread.took(wish)
        self._kept[wish] = formula
        self._bytes += _size(formula)
        while len(self._kept) > MOST_KEPT or (self._bytes > MOST_BYTES and len(self._kept) > 1):
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        if not self._gather.isActive():
            self._gather.start()


class _Thread(QThread):
    drawn = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("formulas")
        self.setStackSize(STACK_BYTES)
        self._wishes: deque[_Wish] = deque()
        self._asked: set[_Wish] = set()  # waiting, being drawn, or on the way
        self._ended = False
        self._changed = Condition()

    @property
    def pending(self) -> int:
        return len(self._asked)

    def ask(self, wish: _Wish) -> None:
        with self._changed:
            if wish in self._asked:
                return
            self._asked.add(wish)
            self._wishes.append(wish)
            if len(self._wishes) > MOST_WAITING:
                self._asked.discard(self._wishes.popleft())
            self._changed.notify()

    def took(self, wish: _Wish) -> None:
        with self._changed:
            self._asked.discard(wish)

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()

    def run(self) -> None:
        while (wish := self._next()) is not None:
            made = drawn(wish.tex, wish.display, wish.pixel_size, wish.colour, wish.ratio)
            self.drawn.emit(wish, made)

    def _next(self) -> _Wish | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._wishes)
            return None if self._ended else self._wishes.pop()


def drawn(tex: str, display: bool, pixel_size: float, colour: str, ratio: float) -> Formula:
    """Draws a formula now, which takes 5 to 100 ms: for a thread, or a process that nobody looks at."""
    from coderapp.qt.formula_tex import FormulaError

    try:
        from coderapp.qt import formula_drawing

        return formula_drawing.draw(tex, display=display, pixel_size=pixel_size, colour=colour, ratio=ratio)
    except FormulaError as error:
        log.debug("a formula is shown as its source: %s", error)
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever TeX they can't read happens to lead to
        log.debug("a formula is shown as its source: %s: %s", type(error).__name__, error)
    return Formula()


def _size(formula: Formula) -> int:
    return formula.image.sizeInBytes() if formula.image is not None else 0
