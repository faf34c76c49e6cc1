"""Blocks of text as strips for paper and pictures. Runs in any thread, and where there is no display.

Lengths are in the unit in which the size of the font is given; who paints scales. Layout goes by the design of the
fonts, so that lines break in the same places at every scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from coderapp.qt.sheets import Band, Strip
from coderapp.qt.theme import Theme
from coderapp.text.blocks import (
    LINE_BREAK,
    Block,
    Cell,
    CodeBlock,
    MathBlock,
    RuleBlock,
    Span,
    Style,
    TableBlock,
    TextBlock,
)
from coderapp.text.excerpt import in_one_list
from coderapp.text.utf16 import Units

LEADING = 1.18
"""Line distance over the font's height."""

LONGEST_LINE = 4_000
"""Characters of a line of code that are laid out at once; the rest follows in lines of its own."""

LONGEST_CELL = 400
"""Characters of a cell that is measured; longer ones are wide."""

MOST_COLOURED = 20_000
"""Lines of a code block from which on it is not coloured."""

FORMULA_RATIO = 4.0
"""Pixels of a formula's image to the unit."""

_SCALES = (1.0, 1.5, 1.28, 1.12, 1.0, 1.0, 1.0)
_COMMENT = 9  # of `text.tokens.TokenClass`
_SPACE = "\u00a0"

Formats = list[QTextLayout.FormatRange]


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


@dataclass(slots=True)
class _Line:
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


class Typesetter:
    """`size` is that of the text; `outlines`: letters are drawn as shapes, for files that don't take fonts along."""

    def __init__(self, theme: Theme, size: int, *, outlines: bool = False, links: bool = False) -> None:
        """`links`: where links lead is said behind them, for paper."""
        self.theme = theme
        self.em = float(size)
        self._outlines = outlines
        self._links = links
        self.base = _font(QFont(), size)
        self.small = _font(QFont(), round(size * 0.86))
        self.code = _font(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont), round(size * 0.88))
        self.code.setFixedPitch(True)
        self._bold = QFont(self.base)
        self._bold.setWeight(QFont.Weight.DemiBold)
        self._code_metrics = QFontMetricsF(self.code)
        self._headings = [self._heading(size, level) for level in range(7)]
        self._math_size = matching_size(QFontMetricsF(self.base))
        self._quotes: list[Band] = []
        self._path = ""
        self._captions = True
        self._tokens = [self._format(colour) for colour in theme.code_colours()]
        self._tokens[_COMMENT].setFontItalic(True)

    @staticmethod
    def _heading(size: int, level: int) -> QFont:
        font = _font(QFont(), round(size * _SCALES[level]))
        if level:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    @staticmethod
    def _format(colour: str) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setForeground(QColor(colour))
        return made

    # blocks

    def blocks(
        self, blocks: Sequence[Block], column: Column, space: float = 0.0, *, captions: bool = True
    ) -> Iterator[Strip]:
        """`space` is kept free above the first of them; `captions` say what code blocks are."""
        self._captions = captions
        self._path = ""
        self._quotes = []
        gap = space
        above: Block | None = None
        for block in blocks:
            if isinstance(block, TextBlock) and block.continued:
                gap = 0.0
            elif isinstance(above, TextBlock) and block.place.marker and in_one_list(above.place, block.place):
                gap = self.em * 0.3
            yield from self._block(block, column, gap)
            gap = self.em * 0.65
            above = block

    def _block(self, block: Block, column: Column, gap: float) -> Iterator[Strip]:
        inside = self._within(block, column)
        place = block.place
        strips = self._strips(block, inside, gap)
        if not place.marker:
            yield from strips
            return
        mark = place.marker if place.task is None else "\N{BALLOT BOX WITH CHECK}" if place.task else "\N{BALLOT BOX}"
        first = next(strips, None)
        if first is None:
            first = Strip(self.em * LEADING, lambda painter, top: None, gap, bands=inside.bands)
        yield self._marked(first, mark, inside.x)
        yield from strips

    def _marked(self, strip: Strip, mark: str, x: float) -> Strip:
        """A strip with the mark of its list item before it."""
        line = self._lines(f"{mark} ", self.base, [], 1e6)[0]
        draw = strip.draw

        def both(painter: QPainter, top: float) -> None:
            self._draw_line(painter, line, x - line.line.naturalTextWidth() - self.em * 0.1, top, self.theme.text_muted)
            draw(painter, top)

        return replace(strip, draw=both)

    def _within(self, block: Block, column: Column) -> Column:
        """The column inside the quotes and list items around a block."""
        path = block.place.path
        shared = 0
        while shared < min(len(path), len(self._path)) and path[shared] == self._path[shared]:
            shared += 1
        del self._quotes[path[:shared].count("q") :]
        self._path = path
        made = column
        depth = 0
        for letter in path[:8]:
            if letter == "l":
                made = made.indented(self.em * 1.7)
                continue
            if depth == len(self._quotes):
                self._quotes.append(Band(made.x, self.em * 0.2, 0.0, QColor(self.theme.quote_bar)))
            made = made.on(self._quotes[depth]).indented(self.em)
            depth += 1
        return made

    def _strips(self, block: Block, column: Column, gap: float) -> Iterator[Strip]:
        match block:
            case TextBlock():
                gap = self.em * (1.5 - 0.12 * block.level) if block.level and gap else gap
                yield from self._text(block, column, gap)
            case CodeBlock():
                yield from self.code_strips(block, column, gap, caption=self._captions)
            case MathBlock():
                yield from self._math(block, column, gap)
            case TableBlock():
                yield from self._table(block, column, gap)
            case RuleBlock():
                yield self._rule(column, gap)

    def _text(self, block: TextBlock, column: Column, gap: float) -> Iterator[Strip]:
        muted = "q" in block.place.path
        yield from self._paragraph(
            block.text,
            block.spans,
            self._headings[block.level],
            column,
            gap,
            colour=self.theme.text_muted if muted else self.theme.text,
            keep=bool(block.level),
        )

    def line(self, text: str, column: Column, *, space: float = 0.0, keep: bool = False, muted: bool = True,
             bold: bool = False, small: bool = True) -> Iterator[Strip]:  # fmt: skip
        """Words of ours: who speaks, when, how it ended."""
        font = QFont(self.small if small else self.base)
        if bold:
            font.setWeight(QFont.Weight.DemiBold)
        colour = self.theme.text_muted if muted else self.theme.text
        yield from self._paragraph(text, (), font, column, space, colour=colour, keep=keep)

    def header(self, author: str, about: str, column: Column, *, space: float = 0.0) -> Iterator[Strip]:
        """Who speaks, in bold, and when."""
        strong = self._format(self.theme.text)
        strong.setFontWeight(QFont.Weight.DemiBold)
        text = f"{author}   {about}" if about else author
        for piece in self._lines(text, self.small, [(0, len(author), strong)], column.width):
            yield self._line_strip(piece, column, space, self.theme.text_muted, keep=True)
            space = 0.0

    def title(self, text: str, column: Column, *, level: int = 1, space: float = 0.0) -> Iterator[Strip]:
        yield from self._paragraph(text, (), self._headings[level], column, space, colour=self.theme.text, keep=True)

    def _paragraph(
        self,
        text: str,
        spans: Sequence[Span],
        font: QFont,
        column: Column,
        gap: float,
        *,
        colour: str,
        keep: bool = False,
    ) -> Iterator[Strip]:
        for piece in self._rich(text, spans, font, column.width):
            yield self._line_strip(piece, column, gap, colour, keep)
            gap = 0.0

    def _line_strip(self, line: _Line, column: Column, gap: float, colour: str, keep: bool = False) -> Strip:
        def draw(painter: QPainter, top: float) -> None:
            self._draw_line(painter, line, column.x, top, colour)

        return Strip(line.height(LEADING), draw, gap, keep, column.bands)

    # lines

    def _rich(self, text: str, spans: Sequence[Span], font: QFont, width: float) -> list[_Line]:
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
            made = self._inline(span)
            if span.style & Style.MATH and (formula := self._formula(words, display=False)) is not None:
                words = _SPACE
                made.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
                made.setFontLetterSpacing(formula.width - QFontMetricsF(font).horizontalAdvance(_SPACE))
                formulas.append((length, formula))
            formats.append((length, len(words), made))
            pieces.append(words)
            length += len(words)
        pieces.append(text[done:])
        return self._lines("".join(pieces), font, formats, width, formulas)

    def _lines(
        self,
        text: str,
        font: QFont,
        formats: Sequence[tuple[int, int, QTextCharFormat]],
        width: float,
        formulas: Sequence[tuple[int, Formula]] = (),
        hanging: float = 0.0,
    ) -> list[_Line]:
        """`hanging` indents every line but the first."""
        units = Units(text)
        layout = QTextLayout(text.replace("\n", LINE_BREAK), font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setUseDesignMetrics(True)
        option.setTabStopDistance(4 * self._code_metrics.horizontalAdvance(" "))
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
            _Line(
                layout,
                line,
                [each for each in placed if line.textStart() <= each[0] < line.textStart() + line.textLength()],
            )
            for line in found
        ]

    def _draw_line(self, painter: QPainter, piece: _Line, x: float, top: float, colour: str) -> None:
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

    def _inline(self, span: Span) -> QTextCharFormat:
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

    # code

    def code_strips(self, block: CodeBlock, column: Column, gap: float, *, caption: bool = True) -> Iterator[Strip]:
        """On a band, each line whole, long ones wrapped with the rest indented."""
        from coderapp.text.languages import PLAIN, fence

        said = fence(block.info)
        name = said.file_name or ("" if said.language is PLAIN else said.language.label)
        if name and caption:
            yield from self.line(name, column, space=gap, keep=True)
            gap = self.em * 0.25
        pad = self.em * 0.5
        outline = QColor(self.theme.border)
        band = Band(column.x, column.width, pad, QColor(self.theme.code_background), outline, self.em * 0.35)
        inside = column.on(band).indented(pad * 1.3, pad * 1.3)
        for strip in self.code_lines(block, inside):
            yield replace(strip, space=gap)
            gap = 0.0

    def code_lines(self, block: CodeBlock, column: Column) -> Iterator[Strip]:
        from coderapp.text.highlight import highlight
        from coderapp.text.languages import fence

        language = fence(block.info).language.name
        spans = highlight(block.lines, language) if len(block.lines) < MOST_COLOURED else [()] * len(block.lines)
        hanging = 2 * self._code_metrics.horizontalAdvance(" ")
        for text, coloured in zip(block.lines or [""], spans or [()], strict=True):
            for start in range(0, len(text) or 1, LONGEST_LINE):
                part = text[start : start + LONGEST_LINE]
                formats = [
                    (
                        max(0, begin - start),
                        min(begin + size, start + len(part)) - max(begin, start),
                        self._tokens[kind],
                    )
                    for begin, size, kind in coloured
                    if begin + size > start and begin < start + len(part)
                ]
                for piece in self._lines(part, self.code, formats, column.width, (), hanging):
                    yield self._line_strip(piece, column, 0.0, self.theme.code_text)

    # the rest

    def _formula(self, tex: str, *, display: bool) -> Formula | None:
        made = drawn(tex, display, self._math_size, self.theme.text, FORMULA_RATIO if self.em < 30 else 1.0)
        return None if made.failed else made

    def _math(self, block: MathBlock, column: Column, gap: float) -> Iterator[Strip]:
        formula = self._formula(block.tex, display=True)
        if formula is None or formula.image is None:
            whole = Span(0, len(block.tex), Style.MATH)
            text = block.tex.replace("\n", LINE_BREAK)
            made = self._inline(whole)
            for piece in self._lines(text, self.base, [(0, len(text), made)], column.width):
                yield self._line_strip(piece, column, gap, self.theme.text)
                gap = 0.0
            return
        image = formula.image
        scale = min(1.0, column.width / formula.width)
        width, height = formula.width * scale, formula.height * scale
        left = column.x + (column.width - width) / 2

        def draw(painter: QPainter, top: float) -> None:
            painter.drawImage(QRectF(left, top, width, height), image)

        yield Strip(height, draw, gap, bands=column.bands)

    def _rule(self, column: Column, gap: float) -> Strip:
        def draw(painter: QPainter, top: float) -> None:
            painter.setPen(QPen(QColor(self.theme.border), self.em * 0.08))
            middle = top + self.em * 0.5
            painter.drawLine(QPointF(column.x, middle), QPointF(column.x + column.width, middle))

        return Strip(self.em, draw, gap, bands=column.bands)

    def _table(self, block: TableBlock, column: Column, gap: float) -> Iterator[Strip]:
        widths = self._widths(block, column.width)
        for number, row in enumerate(block.rows):
            yield self._row(row, widths, block.align, column, gap, head=not number)
            gap = 0.0

    def _widths(self, block: TableBlock, room: float) -> list[float]:
        """As wide as the cells want to be; where that is too much, the wide ones give way."""
        pad = self.em
        wanted = [
            max((self._natural(row[number], head=not at) for at, row in enumerate(block.rows[:200])), default=0.0) + pad
            for number in range(len(block.align))
        ]
        if sum(wanted) <= room or not wanted:
            return wanted
        fair = room / len(wanted)
        left, wide = room, [each for each in wanted if each > fair]
        for each in wanted:
            left -= each if each <= fair else 0.0
        total = sum(wide)
        return [each if each <= fair else max(pad * 1.5, left * each / total) for each in wanted]

    def _natural(self, cell: Cell, *, head: bool) -> float:
        if len(cell.text) > LONGEST_CELL:
            return LONGEST_CELL * self.em
        lines = self._rich(cell.text, cell.spans, self._bold if head else self.base, 1e6)
        return max((each.line.naturalTextWidth() for each in lines), default=0.0) + 1.0

    def _row(
        self,
        row: Sequence[Cell],
        widths: Sequence[float],
        align: Sequence[str],
        column: Column,
        gap: float,
        *,
        head: bool,
    ) -> Strip:
        pad = self.em * 0.5
        cells = [
            self._rich(cell.text, cell.spans, self._bold if head else self.base, max(1.0, width - pad * 2))
            for cell, width in zip(row, widths, strict=False)
        ]
        tall = max((sum(line.height(LEADING) for line in cell) for cell in cells), default=0.0) + pad

        def draw(painter: QPainter, top: float) -> None:
            left = column.x
            for lines, width, side in zip(cells, widths, align, strict=False):
                painter.setPen(QPen(QColor(self.theme.border), self.em * 0.06))
                painter.setBrush(QColor(self.theme.table_header) if head else Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(left, top, width, tall))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                y = top + pad / 2
                for line in lines:
                    free = width - pad * 2 - line.line.naturalTextWidth()
                    shift = free if side == "right" else free / 2 if side == "center" else 0.0
                    self._draw_line(painter, line, left + pad + max(0.0, shift), y, self.theme.text)
                    y += line.height(LEADING)
                left += width

        return Strip(tall, draw, gap, keep=head, bands=column.bands)


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


def _draw_outlines(painter: QPainter, piece: _Line, at: QPointF, colour: QColor) -> None:
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
    painter: QPainter, piece: _Line, at: QPointF, start: int, end: int, colour: QColor, how: QTextCharFormat | None
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
