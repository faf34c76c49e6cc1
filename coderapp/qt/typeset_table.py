"""Tables as strips, a row each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from coderapp.qt.sheets import Column, Strip
from coderapp.qt.typeset_lines import LEADING, Line, LineSetter
from coderapp.text.blocks import Cell, TableBlock

LONGEST_CELL = 400
"""Characters of a cell that is measured; longer ones are wide."""

HIGHEST_ROW = 36
"""Sizes of the text to which a row may grow until it is cut between lines: half a page."""


class TableSetter(LineSetter):
    """Sets tables, too."""

    def table(self, block: TableBlock, column: Column, gap: float) -> Iterator[Strip]:
        widths = self._widths(block, column.width)
        for number, row in enumerate(block.rows):
            yield from self._row(row, widths, block.align, column, gap, head=not number)
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
        return [each if each <= fair else left * each / total for each in wanted]

    def _natural(self, cell: Cell, *, head: bool) -> float:
        if len(cell.text) > LONGEST_CELL:
            return LONGEST_CELL * self.em
        lines = self.rich(cell.text, cell.spans, self.bold if head else self.base, 1e6)
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
    ) -> Iterator[Strip]:
        """One strip; several where a cell is so long that no page might hold it."""
        font = self.bold if head else self.base
        room = [max(1.0, width - self.em) for width in widths]
        cells = [self.rich(cell.text, cell.spans, font, free) for cell, free in zip(row, room, strict=False)]
        first = True
        while first or any(cells):
            pieces = [lines[: _fitting(lines, HIGHEST_ROW * self.em)] for lines in cells]
            cells = [lines[len(piece) :] for lines, piece in zip(cells, pieces, strict=True)]
            yield self._cells(pieces, widths, align, column, gap if first else 0.0, head=head)
            first = False

    def _cells(
        self,
        cells: Sequence[Sequence[Line]],
        widths: Sequence[float],
        align: Sequence[str],
        column: Column,
        gap: float,
        *,
        head: bool,
    ) -> Strip:
        pad = self.em * 0.5
        tall = max((sum(line.height(LEADING) for line in lines) for lines in cells), default=0.0) + pad

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
                    self.draw_line(painter, line, left + pad + max(0.0, shift), y, self.theme.text)
                    y += line.height(LEADING)
                left += width

        return Strip(tall, draw, gap, keep=head, bands=column.bands)


def _fitting(lines: Sequence[Line], room: float) -> int:
    """How many lines have room, at least one."""
    for count, line in enumerate(lines):
        room -= line.height(LEADING)
        if room < 0:
            return max(1, count)
    return len(lines)
