"""Running text, laid out: what paragraphs and the cells of tables are made of."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QPainter, QTextCharFormat, QTextLayout, QTextLine, QTextOption

from coderapp.qt.formulas import Formula
from coderapp.text.blocks import Span, Style
from coderapp.text.utf16 import Units
from coderapp.widgets.conversation.ranges import NOTHING, Ranges
from coderapp.widgets.conversation.style import LEADING, DocumentStyle, Formats

LONGEST_RUN = 1_500
"""Characters in one QTextLayout, whose cost grows faster than its length, and which a growing paragraph makes anew."""


def format_range(start: int, length: int, made: QTextCharFormat, units: Units) -> QTextLayout.FormatRange:
    """For characters of a Python string, in the UTF-16 units that Qt counts."""
    one = QTextLayout.FormatRange()
    one.start, one.length = units.span_to_utf16(start, length)
    one.format = made
    return one


MANY_RANGES = 24
"""Ranges in one QTextLayout that Qt may draw; with more of them the time that it takes is felt."""


def within(ranges: Ranges, start: int, size: int, units: Units) -> Formats:
    """The ranges on the `size` characters from `start`, counted from there."""
    found: Formats = []
    for first, end, made in ranges.between(start, start + size):
        first, end = max(first - start, 0), min(end - start, size)
        if end > first:
            found.append(format_range(first, end - first, made, units))
    return found


_SPACE, _JOINER = "\u00a0", "\u2060"


def cursor_x(line: QTextLine, unit: int) -> float:
    """Where a caret stands on a line."""
    found: Any = line.cursorToX(unit)  # the binding gives the position that it may have moved to, too
    return float(found[0] if isinstance(found, tuple) else found)


class _Run:
    """A QTextLayout: whole lines of the paragraph."""

    __slots__ = (
        "_corners",
        "_layout",
        "_units",
        "formulas",
        "height",
        "natural_width",
        "spans",
        "start",
        "text",
        "top",
        "waits",
    )

    def __init__(self, text: str, start: int, spans: tuple[Span, ...], style: DocumentStyle) -> None:
        self.text = text
        self.start = start  # in the paragraph
        self.spans = spans
        self.top = self.height = self.natural_width = 0.0
        self.formulas: list[tuple[int, Formula]] = []  # where each stands
        self._corners: list[QPointF] = []
        self.waits = False
        shown = self._with_formulas(text, style) if any(span.style & Style.MATH for span in spans) else text
        self._units = Units(shown)
        self._layout = QTextLayout(shown)
        self._layout.setCacheEnabled(True)
        if spans:
            drawn = {at for at, _ in self.formulas}
            made = [
                format_range(span.start, span.length, style.inline(span.style), self._units)
                for span in spans
                if not (span.style & Style.MATH and span.start in drawn)
            ]
            made += [
                format_range(at, 1, style.as_wide(formula.width + 2), self._units) for at, formula in self.formulas
            ]
            self._layout.setFormats(made)

    def _with_formulas(self, text: str, style: DocumentStyle) -> str:
        """The text with room for each formula that is drawn: a space as wide as it is, and joiners without width, so
        that it is as many characters as before.
        """
        pieces, done = [], 0
        for span in self.spans:
            if not span.style & Style.MATH:
                continue
            formula = style.formula(text[span.start : span.start + span.length], display=False)
            self.waits |= formula is None
            if formula is not None and not formula.failed:
                self.formulas.append((span.start, formula))
                pieces += [text[done : span.start], _SPACE, _JOINER * (span.length - 1)]
                done = span.start + span.length
        return "".join([*pieces, text[done:]])

    def lay_out(self, width: float, font: QFont, option: QTextOption) -> None:
        layout = self._layout
        layout.setFont(font)
        layout.setTextOption(option)
        y = widest = 0.0
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            height = line.height()
            tall = round(height * LEADING)
            above, below = self._room_on(line) if self.formulas else (0.0, 0.0)
            line.setPosition(QPointF(0, y + above + (tall - height) / 2))
            y += tall + above + below
            widest = max(widest, line.naturalTextWidth())
        layout.endLayout()
        self._corners = [self._corner(at, formula) for at, formula in self.formulas]
        self.height = y
        self.natural_width = widest

    def _room_on(self, line: QTextLine) -> tuple[float, float]:
        """What the formulas on a line need above and below it."""
        first, last = line.textStart(), line.textStart() + line.textLength()
        slack = (LEADING - 1) * line.height() / 2
        above = below = 0.0
        for at, formula in self.formulas:
            if first <= self._units.to_utf16(at) < last:
                above = max(above, formula.height - formula.depth - line.ascent() - slack)
                below = max(below, formula.depth - line.descent() - slack)
        return float(round(above)), float(round(below))

    def _corner(self, at: int, formula: Formula) -> QPointF:
        """Where a formula is painted, on the baseline of its line."""
        unit = self._units.to_utf16(at)
        line = self._layout.lineForTextPosition(unit)
        if not line.isValid():
            return QPointF()
        return QPointF(cursor_x(line, unit), line.y() + line.ascent() - formula.height + formula.depth)

    def _paint_formulas(self, painter: QPainter, at: QPointF, clip: QRectF) -> None:
        top, bottom = (clip.top() - at.y(), clip.bottom() - at.y()) if clip.isValid() else (0.0, self.height)
        for (_, formula), corner in zip(self.formulas, self._corners, strict=True):
            if formula.image is not None and corner.y() <= bottom and corner.y() + formula.height >= top:
                place = QPointF(round(at.x() + corner.x()), round(at.y() + corner.y()))
                painter.drawImage(QRectF(place, QSizeF(formula.width, formula.height)), formula.image)

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def first_line(self) -> float:
        """The height of its first line."""
        if self._layout.lineCount() > 1:
            return round(self._layout.lineAt(0).height() * LEADING)
        return self.height

    def last_line_start(self) -> int:
        """The character that its last line begins with; 0 where there is but one."""
        count = self._layout.lineCount()
        return self._units.from_utf16(self._layout.lineAt(count - 1).textStart()) if count > 1 else 0

    def paint(self, painter: QPainter, at: QPointF, clip: QRectF, ranges: Ranges) -> None:
        if ranges.count_found(self.start, self.start + len(self.text)) > MANY_RANGES:
            self._paint_boxes(painter, at, clip, ranges.only_found())
            ranges = ranges.without_found()
        found = within(ranges, self.start, len(self.text), self._units)
        self._layout.draw(painter, at, found, clip)
        if self.formulas:
            self._paint_formulas(painter, at, clip)

    def _paint_boxes(self, painter: QPainter, at: QPointF, clip: QRectF, found: Ranges) -> None:
        """Colours behind the text alone, in the lines that are seen: Qt draws a line anew for each range on it."""
        units = self._units
        for number in range(self._layout.lineCount()):
            line = self._layout.lineAt(number)
            top, tall = at.y() + line.y(), line.height()
            if clip.isValid() and not (top <= clip.bottom() and top + tall >= clip.top()):
                continue
            begin = units.from_utf16(line.textStart())
            end = units.from_utf16(line.textStart() + line.textLength())
            for first, last, made in found.between(self.start + begin, self.start + end):
                left = cursor_x(line, units.to_utf16(max(first - self.start, begin)))
                right = cursor_x(line, units.to_utf16(min(last - self.start, end)))
                box = QRectF(at.x() + min(left, right), top, abs(right - left), tall)
                painter.fillRect(box, made.background())

    def _line_at(self, y: float) -> int:
        low, high = 0, max(self._layout.lineCount() - 1, 0)
        while low < high:
            middle = (low + high + 1) // 2
            if self._layout.lineAt(middle).y() <= y:
                low = middle
            else:
                high = middle - 1
        return low

    def offset_at(self, point: QPointF) -> int:
        if not self._layout.lineCount():
            return 0
        return self._units.from_utf16(self._layout.lineAt(self._line_at(point.y())).xToCursor(point.x()))

    def span_at(self, point: QPointF) -> Span | None:
        if not self._layout.lineCount():
            return None
        line = self._layout.lineAt(self._line_at(point.y()))
        if not 0 <= point.x() <= line.naturalTextRect().right():
            return None
        at = self._units.from_utf16(line.xToCursor(point.x(), line.CursorPosition.CursorOnCharacter))
        return next((span for span in self.spans if span.start <= at < span.start + span.length), None)

    def rect_at(self, offset: int) -> QRectF:
        unit = self._units.to_utf16(offset)
        line = self._layout.lineForTextPosition(unit)
        if not line.isValid():
            return QRectF(0, 0, 1, self.height)
        return QRectF(cursor_x(line, unit), line.y(), 1, line.height())

    def line_top_before(self, offset: int) -> float:
        """The top of the line above the one that a character is on."""
        line = self._layout.lineForTextPosition(self._units.to_utf16(offset))
        if not line.isValid() or line.lineNumber() < 1:
            return 0.0
        return self._layout.lineAt(line.lineNumber() - 1).y() - 3


class Paragraph:
    """Text of any length as runs below each other. A run ends with a line, so that nothing is seen of the cuts."""

    __slots__ = ("_key", "_runs", "height", "natural_width", "spans", "text")

    def __init__(self, text: str, spans: tuple[Span, ...]) -> None:
        self.text = text
        self.spans = spans
        self.height = 0.0
        self.natural_width = 0.0
        self._runs: list[_Run] = []
        self._key: object = None  # what the runs were laid out for

    @property
    def first_line(self) -> float:
        return self._runs[0].first_line if self._runs else self.height

    @property
    def waits(self) -> bool:
        """Whether a formula in it is being drawn."""
        return any(run.waits for run in self._runs)

    def adopt(self, old: Paragraph) -> float:
        """Takes over from the paragraph that this one grew out of what is the same in both. Returns the height from
        which on it may look different. Call `lay_out` next.
        """
        if not old._runs:
            return 0.0
        same = _common(old, self)
        self._key = old._key
        last = len(old._runs) - 1
        self._runs = [run for number, run in enumerate(old._runs) if number < last and run.end < same]
        changed = old._runs[len(self._runs)]
        return changed.top + changed.line_top_before(max(same - 1 - changed.start, 0))

    def lay_out(self, width: float, font: QFont, style: DocumentStyle, align: Qt.AlignmentFlag | None = None) -> None:
        key = (width, font.key(), style.serial, align)
        if key != self._key:
            self._runs = []
            self._key = key
        width = max(width, 1.0)
        option = QTextOption(align or Qt.AlignmentFlag.AlignLeft)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        start = self._runs[-1].end if self._runs else 0
        y = self._runs[-1].top + self._runs[-1].height if self._runs else 0.0
        size = len(self.text)
        if size > LONGEST_RUN:
            option.setTextDirection(_direction(self.text))
        while start < size or not self._runs:
            run = self._run(start, min(start + LONGEST_RUN, size), style)
            run.lay_out(width, font, option)
            if run.end < size and (kept := run.last_line_start()):
                run = self._run(start, start + kept, style)
                run.lay_out(width, font, option)
            run.top = y
            y += run.height
            start = run.end
            self._runs.append(run)
        self.height = y
        self.natural_width = max(run.natural_width for run in self._runs)

    def _run(self, start: int, end: int, style: DocumentStyle) -> _Run:
        if start == 0 and end == len(self.text):
            return _Run(self.text, 0, self.spans, style)
        return _Run(self.text[start:end], start, _inside(self.spans, start, end), style)

    def drop(self) -> None:
        self._runs = []
        self._key = None

    def paint(self, painter: QPainter, at: QPointF, clip: QRectF, ranges: Ranges = NOTHING) -> None:
        for run in self._runs:
            top = at.y() + run.top
            if not clip.isValid() or (top <= clip.bottom() and top + run.height >= clip.top()):
                run.paint(painter, QPointF(at.x(), top), clip, ranges)

    def _run_at(self, y: float) -> _Run | None:
        if not self._runs:
            return None
        return self._runs[max(0, bisect_right(self._runs, y, key=lambda run: run.top) - 1)]

    def offset_at(self, point: QPointF) -> int:
        run = self._run_at(point.y())
        return run.start + run.offset_at(point - QPointF(0, run.top)) if run else 0

    def span_at(self, point: QPointF) -> Span | None:
        run = self._run_at(point.y()) if 0 <= point.y() < self.height else None
        return run.span_at(point - QPointF(0, run.top)) if run else None

    def rect_at(self, offset: int) -> QRectF:
        """Where the caret stands before the character `offset`."""
        if not self._runs:
            return QRectF(0, 0, 1, self.height)
        run = self._runs[max(0, bisect_right(self._runs, offset, key=lambda run: run.start) - 1)]
        return run.rect_at(offset - run.start).translated(0, run.top)


def _direction(text: str) -> Qt.LayoutDirection:
    """By the first letter that has one: a run in the middle must not find its own."""
    for character in text[:LONGEST_RUN]:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return Qt.LayoutDirection.RightToLeft
        if kind == "L":
            break
    return Qt.LayoutDirection.LeftToRight


def _common(old: Paragraph, new: Paragraph) -> int:
    """Characters at the beginning that are the same and set in the same way."""
    if new.text.startswith(old.text):
        same = len(old.text)
    else:
        low, high = 0, min(len(old.text), len(new.text))
        while low < high:
            middle = (low + high + 1) // 2
            if old.text[:middle] == new.text[:middle]:
                low = middle
            else:
                high = middle - 1
        same = low
    for one, other in zip(old.spans, new.spans, strict=False):
        if one != other:
            return min(same, one.start, other.start)
    longer = max(old.spans, new.spans, key=len)
    shorter = min(len(old.spans), len(new.spans))
    return min(same, longer[shorter].start) if len(longer) > shorter else same


def _inside(spans: tuple[Span, ...], start: int, end: int) -> tuple[Span, ...]:
    """The spans of a run, counted from its beginning."""
    found = []
    for span in spans:
        first, last = max(span.start, start), min(span.start + span.length, end)
        if last > first:
            found.append(Span(first - start, last - first, span.style, span.href))
    return tuple(found)
