"""Running text, laid out: what paragraphs and the cells of tables are made of."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QTextCharFormat, QTextLayout, QTextOption

from coderapp.text.blocks import LINE_BREAK, Span
from coderapp.text.utf16 import Units
from coderapp.widgets.conversation.style import DocumentStyle, Formats

LEADING = 1.22
"""Line distance over the font's height."""

LONGEST_RUN = 4_000
"""Characters in one QTextLayout: without spaces its cost grows with the square of its length."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The part of a block that is selected: character offsets in its plain text."""

    start: int
    end: int


def format_range(start: int, length: int, made: QTextCharFormat, units: Units) -> QTextLayout.FormatRange:
    """For characters of a Python string, in the UTF-16 units that Qt counts."""
    one = QTextLayout.FormatRange()
    one.start, one.length = units.span_to_utf16(start, length)
    one.format = made
    return one


def formats_of(spans: tuple[Span, ...], style: DocumentStyle, units: Units) -> Formats:
    return [format_range(span.start, span.length, style.inline(span.style), units) for span in spans]


def selection_of(picked: Picked | None, style: DocumentStyle, units: Units) -> Formats:
    if picked is None or picked.end <= picked.start:
        return []
    return [format_range(picked.start, picked.end - picked.start, style.selected, units)]


class _Run:
    """A QTextLayout with its line positions."""

    __slots__ = ("_layout", "_units", "first_line", "height", "natural_width", "spans", "text")

    def __init__(self, text: str, spans: tuple[Span, ...]) -> None:
        self.text = text
        self.spans = spans
        self.height = 0.0
        self.first_line = 0.0
        self.natural_width = 0.0
        self._units = Units(text)
        self._layout: QTextLayout | None = None

    def lay_out(self, width: float, font: QFont, style: DocumentStyle, align: Qt.AlignmentFlag | None = None) -> None:
        layout = QTextLayout(self.text, font)
        layout.setCacheEnabled(True)
        layout.setFormats(formats_of(self.spans, style, self._units))
        option = QTextOption(align or Qt.AlignmentFlag.AlignLeft)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        y = widest = 0.0
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(width, 1.0))
            tall = round(line.height() * LEADING)
            line.setPosition(QPointF(0, y + (tall - line.height()) / 2))
            if not y:
                self.first_line = tall
            y += tall
            widest = max(widest, line.naturalTextWidth())
        layout.endLayout()
        self._layout = layout
        self.height = y
        self.natural_width = widest

    @property
    def is_laid_out(self) -> bool:
        return self._layout is not None

    def drop(self) -> None:
        self._layout = None

    def paint(self, painter: QPainter, at: QPointF, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        if self._layout is not None:
            self._layout.draw(painter, at, selection_of(picked, style, self._units), clip)

    def offset_at(self, point: QPointF) -> int:
        layout = self._layout
        if layout is None or not layout.lineCount():
            return 0
        last = layout.lineCount() - 1
        number = next((n for n in range(last) if point.y() < layout.lineAt(n + 1).y()), last)
        return self._units.from_utf16(layout.lineAt(number).xToCursor(point.x()))

    def span_at(self, point: QPointF) -> Span | None:
        layout = self._layout
        if layout is None or not 0 <= point.y() < self.height:
            return None
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            if line.y() <= point.y() < line.y() + line.height() and 0 <= point.x() <= line.naturalTextRect().right():
                at = self._units.from_utf16(line.xToCursor(point.x(), line.CursorPosition.CursorOnCharacter))
                return next((span for span in self.spans if span.start <= at < span.start + span.length), None)
        return None


class Paragraph:
    """Text of any length: runs below each other, cut at a space where there is one."""

    __slots__ = ("_runs", "_starts", "_tops", "first_line", "height", "natural_width", "text")

    def __init__(self, text: str, spans: tuple[Span, ...]) -> None:
        self.text = text
        self.height = 0.0
        self.first_line = 0.0
        self.natural_width = 0.0
        self._starts = _cuts(text)
        self._tops: list[float] = []
        ends = [*self._starts[1:], len(text)]
        self._runs = [
            _Run(text[start:end], spans if len(ends) == 1 else _inside(spans, start, end))
            for start, end in zip(self._starts, ends, strict=True)
        ]

    @property
    def is_laid_out(self) -> bool:
        return self._runs[0].is_laid_out

    def lay_out(self, width: float, font: QFont, style: DocumentStyle, align: Qt.AlignmentFlag | None = None) -> None:
        self._tops = []
        y = 0.0
        for run in self._runs:
            run.lay_out(width, font, style, align)
            self._tops.append(y)
            y += run.height
        self.height = y
        self.first_line = self._runs[0].first_line
        self.natural_width = max(run.natural_width for run in self._runs)

    def drop(self) -> None:
        for run in self._runs:
            run.drop()

    def paint(self, painter: QPainter, at: QPointF, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        for run, start, top in zip(self._runs, self._starts, self._tops, strict=True):
            if clip.isValid() and (at.y() + top > clip.bottom() or at.y() + top + run.height < clip.top()):
                continue
            part = Picked(max(0, picked.start - start), min(len(run.text), picked.end - start)) if picked else None
            run.paint(painter, at + QPointF(0, top), clip, style, part)

    def _run_at(self, y: float) -> int:
        return max(0, sum(top <= y for top in self._tops) - 1)

    def offset_at(self, point: QPointF) -> int:
        number = self._run_at(point.y())
        if number >= len(self._tops):
            return 0
        return self._starts[number] + self._runs[number].offset_at(point - QPointF(0, self._tops[number]))

    def span_at(self, point: QPointF) -> Span | None:
        number = self._run_at(point.y())
        return self._runs[number].span_at(point - QPointF(0, self._tops[number])) if self._tops else None


def _cuts(text: str) -> list[int]:
    """Where the runs begin."""
    starts = [0]
    while len(text) - starts[-1] > LONGEST_RUN:
        limit = starts[-1] + LONGEST_RUN
        space = max(text.rfind(" ", limit - LONGEST_RUN // 4, limit), text.rfind(LINE_BREAK, starts[-1], limit))
        starts.append(space + 1 if space > starts[-1] else limit)
    return starts


def _inside(spans: tuple[Span, ...], start: int, end: int) -> tuple[Span, ...]:
    """The spans of a run, counted from its beginning."""
    found = []
    for span in spans:
        first, last = max(span.start, start), min(span.start + span.length, end)
        if last > first:
            found.append(Span(first - start, last - first, span.style, span.href))
    return tuple(found)
