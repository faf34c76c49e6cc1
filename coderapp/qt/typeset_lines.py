"""Lines of text laid out for paper and pictures: with styles, formulas and letters as shapes where there are no fonts.

Lengths are in the unit in which the size of the font is given; who paints scales. Layout goes by the design of the
fonts, so that lines break in the same places at every scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)

from coderapp.qt.formulas import Formula, drawn, matching_size
from coderapp.qt.theme import Theme
from coderapp.text.blocks import LINE_BREAK, Span, Style
from coderapp.text.utf16 import Units

LEADING = 1.18
"""Line distance over the font's height."""

_SCALES = (1.0, 1.5, 1.28, 1.12, 1.0, 1.0, 1.0)
_COMMENT = 9  # of `text.tokens.TokenClass`
_SPACE = "\u00a0"

Formats = list[QTextLayout.FormatRange]


@dataclass(slots=True)
class Line:
    """A line of text that is laid out, and the formulas that stand in it."""

    layout: QTextLayout
    line: QTextLine
    formulas: Sequence[tuple[int, Formula]] = ()

    @property
    def depth(self) -> float:
        return max((each.depth - self.line.descent() for _, each in self.formulas), default=0.0)

    @property
    def rise(self) -> float:
        """What formulas stand out at the top."""
        return max((each.height - each.depth - self.line.ascent() for _, each in self.formulas), default=0.0)

    def height(self, leading: float) -> float:
        return self.line.height() * leading + max(0.0, self.rise) + max(0.0, self.depth)


class LineSetter:
    """Fonts and colours of a theme, and text laid out with them. `size` is that of the text; `outlines`: letters are
    drawn as shapes, for files that don't take fonts along; `links`: where links lead is said behind them, for paper.
    """

    def __init__(self, theme: Theme, size: int, *, outlines: bool = False, links: bool = False) -> None:
        self.theme = theme
        self.em = float(size)
        self._outlines = outlines
        self._links = links
        self.base = _font(QFont(), size)
        self.small = _font(QFont(), round(size * 0.86))
        self.code = _font(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont), round(size * 0.88))
        self.code.setFixedPitch(True)
        self.bold = QFont(self.base)
        self.bold.setWeight(QFont.Weight.DemiBold)
        self.code_metrics = QFontMetricsF(self.code)
        self.headings = [self._heading(size, level) for level in range(7)]
        self._math_size = matching_size(QFontMetricsF(self.base))
        self.tokens = [self.coloured(colour) for colour in theme.code_colours()]
        self.tokens[_COMMENT].setFontItalic(True)

    @staticmethod
    def _heading(size: int, level: int) -> QFont:
        font = _font(QFont(), round(size * _SCALES[level]))
        if level:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    @staticmethod
    def coloured(colour: str) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setForeground(QColor(colour))
        return made

    def rich(self, text: str, spans: Sequence[Span], font: QFont, width: float) -> list[Line]:
        """Laid out with their styles; formulas as images in the place of a space."""
        if self._links:
            text, spans = with_addresses(text, spans)
        formulas: list[tuple[int, Formula]] = []
        pieces: list[str] = []
        formats: list[tuple[int, int, QTextCharFormat]] = []
        done = length = 0
        for span in spans:
            pieces.append(text[done : span.start])
            length += span.start - done
            words = text[span.start : span.start + span.length]
            done = span.start + span.length
            made = self.inline(span)
            if span.style & Style.MATH and (formula := self.formula(words, display=False)) is not None:
                words = _SPACE
                made.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
                made.setFontLetterSpacing(formula.width - QFontMetricsF(font).horizontalAdvance(_SPACE))
                formulas.append((length, formula))
            formats.append((length, len(words), made))
            pieces.append(words)
            length += len(words)
        pieces.append(text[done:])
        return self.lines_of("".join(pieces), font, formats, width, formulas)

    def lines_of(
        self,
        text: str,
        font: QFont,
        formats: Sequence[tuple[int, int, QTextCharFormat]],
        width: float,
        formulas: Sequence[tuple[int, Formula]] = (),
        hanging: float = 0.0,
    ) -> list[Line]:
        """`hanging` indents every line but the first."""
        units = Units(text)
        layout = QTextLayout(text.replace("\n", LINE_BREAK), font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setUseDesignMetrics(True)
        option.setTabStopDistance(4 * self.code_metrics.horizontalAdvance(" "))
        layout.setTextOption(option)
        ranges: Formats = []
        for start, size, made in formats:
            each = QTextLayout.FormatRange()
            each.start, each.length = units.span_to_utf16(start, size)  # type: ignore[misc, unused-ignore]
            each.format = made
            ranges.append(each)
        layout.setFormats(ranges)
        layout.beginLayout()
        found: list[QTextLine] = []
        while (line := layout.createLine()).isValid():
            indent = hanging if found else 0.0
            line.setLineWidth(max(1.0, width - indent))
            line.setPosition(QPointF(indent, 0.0))
            found.append(line)
        layout.endLayout()
        placed = [(units.to_utf16(position), formula) for position, formula in formulas]
        return [
            Line(
                layout,
                line,
                [each for each in placed if line.textStart() <= each[0] < line.textStart() + line.textLength()],
            )
            for line in found
        ]

    def draw_line(self, painter: QPainter, piece: Line, x: float, top: float, colour: str) -> None:
        line = piece.line
        free = line.height() * (LEADING - 1) / 2 + max(0.0, piece.rise)
        at = QPointF(x, top + free - line.y())
        painter.setPen(QColor(colour))
        if self._outlines:
            _draw_outlines(painter, piece, at, QColor(colour))
        else:
            line.draw(painter, at)
        baseline = at.y() + line.y() + line.ascent()
        for position, formula in piece.formulas:
            assert formula.image is not None
            left = at.x() + _x_of(line, position)
            box = QRectF(left, baseline - formula.height + formula.depth, formula.width, formula.height)
            painter.drawImage(box, formula.image)

    def inline(self, span: Span) -> QTextCharFormat:
        made = QTextCharFormat()
        style = span.style
        if style & Style.BOLD:
            made.setFontWeight(QFont.Weight.DemiBold)
        if style & (Style.ITALIC | Style.MATH):
            made.setFontItalic(True)
        if style & Style.STRIKE:
            made.setFontStrikeOut(True)
        if style & Style.CODE:
            made.setFontFamilies(self.code.families() or [self.code.family()])
            made.setFontFixedPitch(True)
            made.setBackground(QColor(self.theme.inline_code))
        if style & Style.NOTE:
            made.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            made.setForeground(QColor(self.theme.text_muted))
        if style & Style.LINK:
            made.setForeground(QColor(self.theme.link))
            made.setFontUnderline(True)
        return made

    def formula(self, tex: str, *, display: bool) -> Formula | None:
        made = drawn(tex, display, self._math_size, self.theme.text, 1.0)
        return None if made.failed else made


def _font(font: QFont, size: int) -> QFont:
    made = QFont(font)
    made.setPixelSize(max(1, size))
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def with_addresses(text: str, spans: Sequence[Span]) -> tuple[str, Sequence[Span]]:
    """Text with the address behind each link that does not show it: paper has nothing to click."""
    if not any(span.href for span in spans):
        return text, spans
    pieces: list[str] = []
    made: list[Span] = []
    done = shift = 0
    for number, span in enumerate(spans):
        end = span.start + span.length
        pieces.append(text[done:end])
        made.append(replace(span, start=span.start + shift))
        done = end
        goes_on = number + 1 < len(spans) and spans[number + 1].href == span.href and spans[number + 1].start == end
        if span.href and not goes_on:
            shown = text[span.start : end]
            address = span.href.removeprefix("mailto:")
            if address.rstrip("/").removeprefix("https://").removeprefix("http://") not in shown:
                added = f" ({address})"
                pieces.append(added)
                shift += len(added)
    pieces.append(text[done:])
    return "".join(pieces), made


def _x_of(line: QTextLine, position: int) -> float:
    found: Any = line.cursorToX(position)  # a pair, which the binding's types don't say of every version
    return float(found[0] if isinstance(found, tuple) else found)


def _draw_outlines(painter: QPainter, piece: Line, at: QPointF, colour: QColor) -> None:
    """The line with its letters as shapes: what is drawn as glyphs becomes paths where there are no fonts."""
    line, layout = piece.line, piece.layout
    first, last = line.textStart(), line.textStart() + line.textLength()
    done = first
    for each in layout.formats():
        start, end = max(each.start, first), min(each.start + each.length, last)
        if start >= end:
            continue
        _draw_run(painter, piece, at, done, start, colour, None)
        _draw_run(painter, piece, at, start, end, colour, each.format)
        done = end
    _draw_run(painter, piece, at, done, last, colour, None)


def _draw_run(
    painter: QPainter, piece: Line, at: QPointF, start: int, end: int, colour: QColor, how: QTextCharFormat | None
) -> None:
    if start >= end:
        return
    line = piece.line
    ink = colour
    if how is not None:
        ink = how.foreground().color() if how.foreground().style() is not Qt.BrushStyle.NoBrush else colour
        left, right = at.x() + _x_of(line, start), at.x() + _x_of(line, end)
        top = at.y() + line.y()
        if how.background().style() is not Qt.BrushStyle.NoBrush:
            painter.fillRect(QRectF(left, top, right - left, line.height()), how.background())
        rules = [line.ascent() * 1.1] if how.fontUnderline() else []
        rules += [line.ascent() * 0.7] if how.fontStrikeOut() else []
        painter.setPen(QPen(ink, max(0.5, line.height() / 18)))
        for height in rules:
            painter.drawLine(QPointF(left, top + height), QPointF(right, top + height))
    painter.setPen(ink)
    for run in line.glyphRuns(start, end - start):
        painter.drawGlyphRun(at, run)
