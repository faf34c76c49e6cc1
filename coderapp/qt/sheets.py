"""Strips, one below the other, on pages or on one long sheet. A strip is what must not be cut: a line of text, a row of
a table, a formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

Draw = Callable[[QPainter, float], None]
"""Paints a strip whose top is at a height."""


@dataclass(slots=True, eq=False)
class Band:
    """What lies behind neighbouring strips: a filled box, with an outline where one is named, `pad` above and below."""

    x: float
    width: float
    pad: float
    fill: QColor
    outline: QColor | None = None
    radius: float = 0.0


@dataclass(slots=True, eq=False)
class Strip:
    """`space` is kept free above it, but not at the top of a page; `keep`: not without the next one on its page.
    `bands` are outermost first.
    """

    height: float
    draw: Draw
    space: float = 0.0
    keep: bool = False
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """Where text stands: from `x`, `width` wide, on `bands`."""

    x: float
    width: float
    bands: tuple[Band, ...] = ()

    def indented(self, by: float, right: float = 0.0) -> Column:
        return replace(self, x=self.x + by, width=max(1.0, self.width - by - right))

    def on(self, band: Band) -> Column:
        return replace(self, bands=(*self.bands, band))


def _pads(bands: tuple[Band, ...], without: tuple[Band, ...] = ()) -> float:
    return sum(band.pad for band in bands if band not in without)


class Sheet:
    """A page that is being filled, or one that has no end (`height` None)."""

    def __init__(self, height: float | None) -> None:
        self._height = height
        self._placed: list[tuple[Strip, float]] = []

    @property
    def is_empty(self) -> bool:
        return not self._placed

    @property
    def end(self) -> float:
        """Where the last strip ends, with what lies behind it."""
        if not self._placed:
            return 0.0
        strip, top = self._placed[-1]
        return top + strip.height + _pads(strip.bands)

    def _next(self, strip: Strip) -> float:
        """The top of a strip that would come next."""
        if not self._placed:
            return _pads(strip.bands)
        above, top = self._placed[-1]
        gap = strip.space + _pads(above.bands, strip.bands) + _pads(strip.bands, above.bands)
        return top + above.height + gap

    def put(self, strips: list[Strip]) -> bool:
        """Places strips that belong together; False where there is no room. What is alone on its page always fits."""
        count = len(self._placed)
        for strip in strips:
            top = self._next(strip)
            bottom = top + strip.height + _pads(strip.bands)
            if self._height is not None and bottom > self._height and self._placed:
                del self._placed[count:]
                return False
            self._placed.append((strip, top))
        return True

    def paint(self, painter: QPainter) -> None:
        """The bands, then what stands on them."""
        for depth in range(max((len(strip.bands) for strip, _ in self._placed), default=0)):
            self._paint_bands(painter, depth)
        for strip, top in self._placed:
            strip.draw(painter, top)

    def _paint_bands(self, painter: QPainter, depth: int) -> None:
        placed = self._placed
        first = 0
        while first < len(placed):
            bands = placed[first][0].bands
            if len(bands) <= depth:
                first += 1
                continue
            band = bands[depth]
            last = first
            while last + 1 < len(placed) and band in placed[last + 1][0].bands:
                last += 1
            before = placed[first - 1][0].bands if first else ()
            after = placed[last + 1][0].bands if last + 1 < len(placed) else ()
            strip, top = placed[last]
            begin = placed[first][1] - _pads(bands[depth:], before)
            end = top + strip.height + _pads(strip.bands[depth:], after)
            _paint(painter, band, QRectF(band.x, begin, band.width, end - begin))
            first = last + 1


def _paint(painter: QPainter, band: Band, rect: QRectF) -> None:
    painter.setPen(QPen(band.outline, max(1.0, band.radius / 8)) if band.outline else QPen(Qt.PenStyle.NoPen))
    painter.setBrush(band.fill)
    painter.drawRoundedRect(rect, band.radius, band.radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)


class Pages:
    """Fills one page after another; `turn` gets each that is full, and the last one."""

    def __init__(self, height: float, turn: Callable[[Sheet], None]) -> None:
        self._height = height
        self._turn = turn
        self._sheet = Sheet(height)
        self._kept: list[Strip] = []

    def add(self, strip: Strip) -> None:
        self._kept.append(strip)
        if strip.keep and len(self._kept) < 8:
            return
        self._place()

    def _place(self) -> None:
        kept, self._kept = self._kept, []
        if self._sheet.put(kept):
            return
        self._next_page()
        if self._sheet.put(kept):
            return
        for strip in kept:  # together they are higher than a page
            if not self._sheet.put([strip]):
                self._next_page()
                self._sheet.put([strip])

    def _next_page(self) -> None:
        if not self._sheet.is_empty:
            self._turn(self._sheet)
        self._sheet = Sheet(self._height)

    def end(self) -> None:
        if self._kept:
            self._place()
        if not self._sheet.is_empty:
            self._turn(self._sheet)
