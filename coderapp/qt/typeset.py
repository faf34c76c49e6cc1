"""Blocks of text as strips for paper and pictures. Runs in any thread, and where there is no display."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from coderapp.qt.sheets import Band, Column, Strip
from coderapp.qt.theme import Theme
from coderapp.qt.typeset_lines import LEADING, Line
from coderapp.qt.typeset_table import TableSetter
from coderapp.text.blocks import (
    LINE_BREAK,
    Block,
    CodeBlock,
    MathBlock,
    RuleBlock,
    Span,
    Style,
    TableBlock,
    TextBlock,
)
from coderapp.text.excerpt import in_one_list

LONGEST_LINE = 4_000
"""Characters of a line of code that are laid out at once; the rest follows in lines of its own."""

HIGHEST_FORMULA = 60

MOST_COLOURED = 20_000
"""Lines of a code block from which on it is not coloured."""


class Typesetter(TableSetter):
    """Makes strips of blocks, in columns."""

    def __init__(self, theme: Theme, size: int, *, outlines: bool = False, links: bool = False) -> None:
        super().__init__(theme, size, outlines=outlines, links=links)
        self._quotes: list[Band] = []
        self._path = ""
        self._captions = True

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
        line = self.lines_of(f"{mark} ", self.base, [], 1e6)[0]
        draw = strip.draw

        def both(painter: QPainter, top: float) -> None:
            self.draw_line(painter, line, x - line.line.naturalTextWidth() - self.em * 0.1, top, self.theme.text_muted)
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
                yield from self.table(block, column, gap)
            case RuleBlock():
                yield self._rule(column, gap)

    def _text(self, block: TextBlock, column: Column, gap: float) -> Iterator[Strip]:
        muted = "q" in block.place.path
        yield from self._paragraph(
            block.text,
            block.spans,
            self.headings[block.level],
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
        strong = self.coloured(self.theme.text)
        strong.setFontWeight(QFont.Weight.DemiBold)
        text = f"{author}   {about}" if about else author
        for piece in self.lines_of(text, self.small, [(0, len(author), strong)], column.width):
            yield self._line_strip(piece, column, space, self.theme.text_muted, keep=True)
            space = 0.0

    def title(self, text: str, column: Column, *, level: int = 1, space: float = 0.0) -> Iterator[Strip]:
        yield from self._paragraph(text, (), self.headings[level], column, space, colour=self.theme.text, keep=True)

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
        for piece in self.rich(text, spans, font, column.width):
            yield self._line_strip(piece, column, gap, colour, keep)
            gap = 0.0

    def _line_strip(self, line: Line, column: Column, gap: float, colour: str, keep: bool = False) -> Strip:
        def draw(painter: QPainter, top: float) -> None:
            self.draw_line(painter, line, column.x, top, colour)

        return Strip(line.height(LEADING), draw, gap, keep, column.bands)

    # lines

    # code

    def code_strips(self, block: CodeBlock, column: Column, gap: float, *, caption: bool = True) -> Iterator[Strip]:
        """On a band, each line whole, long ones wrapped with the rest indented."""
        from coderapp.text.languages import PLAIN, fence

        said = fence(block.info)
        name = said.file_name or ("" if said.language is PLAIN else said.language.label)
        if name and caption:
            yield from self.line(name, column, space=gap, keep=True)
            gap = self.em * 0.25
        outline = QColor(self.theme.border)
        fill = QColor(self.theme.code_background)
        band = Band(column.x, column.width, self.em * 0.5, fill, outline, self.em * 0.35)
        inside = column.on(band).indented(self.code_inset, self.code_inset)
        for strip in self.code_lines(block, inside):
            yield replace(strip, space=gap)
            gap = 0.0

    @property
    def code_inset(self) -> float:
        """Between the sides of the band and the code on it."""
        return self.em * 0.65

    @property
    def code_width(self) -> float:
        """Of a letter."""
        return self.code_metrics.horizontalAdvance("0")

    def natural_code_width(self, text: str) -> float:
        """Of a line that is not wrapped."""
        return max((piece.line.naturalTextWidth() for piece in self.lines_of(text, self.code, [], 1e6)), default=0.0)

    def code_lines(self, block: CodeBlock, column: Column) -> Iterator[Strip]:
        from coderapp.text.highlight import highlight
        from coderapp.text.languages import fence

        language = fence(block.info).language.name
        spans = highlight(block.lines, language) if len(block.lines) < MOST_COLOURED else [()] * len(block.lines)
        hanging = 2 * self.code_metrics.horizontalAdvance(" ")
        for text, coloured in zip(block.lines or [""], spans or [()], strict=True):
            for start in range(0, len(text) or 1, LONGEST_LINE):
                part = text[start : start + LONGEST_LINE]
                formats = [
                    (
                        max(0, begin - start),
                        min(begin + size, start + len(part)) - max(begin, start),
                        self.tokens[kind],
                    )
                    for begin, size, kind in coloured
                    if begin + size > start and begin < start + len(part)
                ]
                for piece in self.lines_of(part, self.code, formats, column.width, (), hanging):
                    yield self._line_strip(piece, column, 0.0, self.theme.code_text)

    # the rest

    def _math(self, block: MathBlock, column: Column, gap: float) -> Iterator[Strip]:
        formula = self.formula(block.tex, display=True)
        if formula is None or formula.image is None:
            whole = Span(0, len(block.tex), Style.MATH)
            text = block.tex.replace("\n", LINE_BREAK)
            made = self.inline(whole)
            for piece in self.lines_of(text, self.base, [(0, len(text), made)], column.width):
                yield self._line_strip(piece, column, gap, self.theme.text)
                gap = 0.0
            return
        image = formula.image
        scale = min(1.0, column.width / formula.width, HIGHEST_FORMULA * self.em / formula.height)
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
