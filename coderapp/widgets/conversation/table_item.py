"""A table on screen. Rows are measured where they are seen; a table that is too wide scrolls sideways on its own."""

from __future__ import annotations

from bisect import bisect_right

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter

from coderapp.text.blocks import LINE_BREAK, Cell, Style, TableBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation.heights import Heights
from coderapp.widgets.conversation.items import WIDEST, BlockItem, Sideways, left_of, paint_place
from coderapp.widgets.conversation.paragraph import Paragraph
from coderapp.widgets.conversation.ranges import Ranges
from coderapp.widgets.conversation.style import DocumentStyle

MEASURED = 60
"""Rows whose cells are laid out to measure the columns; of later ones only the longest cells are reckoned with."""

RECKONED = 3_000
"""Rows that a `layout` takes the widths of at most, of those behind the measured ones."""

KEPT_ROWS = 300
"""Rows whose layouts are kept."""

_ALIGNS = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


class TableItem(BlockItem, Sideways):
    """Columns get their natural width where there is room. Where there is not, wide cells break their lines, down to
    `metrics.CELL_COMFORTABLE`; what is wider still is scrolled.
    """

    def __init__(self, block: TableBlock) -> None:
        self.block = block
        self.place = block.place
        self._left = left_of(block.place)
        self._key: tuple[float, int] | None = None
        self._natural: list[float] = []
        self._measured = 0  # rows that `_natural` knows
        self._reckoned = 0  # rows that it knows about
        self._longest: dict[int, int] = {}  # characters of the longest cell of a column among them
        self._columns: list[float] = []
        self._lefts: list[float] = []  # of the columns, and the right end of the last
        self._rows: dict[int, list[Paragraph]] = {}  # laid out
        self._heights = Heights()
        self._starts: list[int] = []  # offset in the text at which a row begins
        self._line = 1.0

    # geometry

    def grew(self, kept: int) -> None:
        """Rows from `kept` on are new. Call `layout` next."""
        for row in [row for row in self._rows if row >= kept]:
            del self._rows[row]
        self._measured = min(self._measured, kept)
        self._reckoned = min(self._reckoned, kept)
        self._heights.truncate(min(kept, len(self._heights)))
        del self._starts[kept:]

    @property
    def columns(self) -> list[float]:
        """Their widths; another list where they are others."""
        return self._columns

    def top_of_row(self, row: int) -> float:
        return self._heights.top(min(row, len(self._heights)))

    def layout(self, width: float, style: DocumentStyle) -> None:
        key = (width, style.serial)
        if key != self._key:
            self._key = key
            self._line = style.text_line_height
            self._forget_widths()
            self._rows.clear()
            self._heights = Heights()
        if self.waits:  # formulas that were waited for are there, or some of them
            self.waits = False
            self._forget_widths()
            self._rows.clear()
        self.room = width - self._left
        self._measure(style)
        for _ in range(len(self._heights), len(self.block.rows)):
            self._heights.append(self._line + 2 * metrics.CELL_PADDING_Y)
        self.whole = self._lefts[-1]
        self.scroll_by(0.0)
        self.height = self._heights.total + 1 + (metrics.CODE_SCROLLBAR if self.overflows else 0)

    def _forget_widths(self) -> None:
        self._natural, self._measured, self._reckoned = [], 0, 0
        self._longest.clear()

    def _measure(self, style: DocumentStyle) -> None:
        """The natural widths of the columns by the first rows, and what becomes of them."""
        count = len(self.block.align)
        natural = list(self._natural) or [float(metrics.CELL_LEAST)] * count
        before = list(self._natural)
        end = min(len(self.block.rows), MEASURED)
        for number in range(self._measured, end):
            font = self._font(number, style)
            for column, cell in enumerate(self.block.rows[number][:count]):
                paragraph = Paragraph(cell.text[: metrics.CELL_MEASURED], cell.spans)
                paragraph.lay_out(WIDEST, font, style)
                self.waits |= paragraph.waits
                natural[column] = max(natural[column], paragraph.natural_width + 2 * metrics.CELL_PADDING_X + 1)
        self._measured = max(self._measured, end)
        self._widen(natural, style)
        self._natural = natural
        if natural != before or not self._columns:
            columns = share(natural, self.room)
            if columns != self._columns:
                self._columns = columns
                self._rows.clear()
                self._heights = Heights()
            self._lefts = [0.0]
            for wide in columns:
                self._lefts.append(self._lefts[-1] + wide)

    def _widen(self, natural: list[float], style: DocumentStyle) -> None:
        """By the rows behind the first ones: what their cells take is reckoned from their characters."""
        rows = self.block.rows
        self._reckoned = min(self._reckoned, len(rows))
        end = min(len(rows), max(self._reckoned, MEASURED) + RECKONED)
        for number in range(max(self._reckoned, MEASURED), end):
            for column, cell in enumerate(rows[number][: len(natural)]):
                size = len(cell.text)
                if size > self._longest.get(column, 0):
                    self._longest[column] = size
                    text = cell.text[: metrics.CELL_MEASURED]
                    wide = style.metrics.horizontalAdvance(text) + 2 * metrics.CELL_PADDING_X + 1
                    natural[column] = max(natural[column], wide)
        self._reckoned = max(self._reckoned, end)

    @staticmethod
    def _font(row: int, style: DocumentStyle) -> QFont:
        return style.base if row else style.label

    def realise(self, top: float, bottom: float, style: DocumentStyle) -> bool:
        """Lays out the rows between two heights. True where a height changed: `height` is another then."""
        changed = 0.0
        row = self._heights.at(max(top, 0.0))
        y = self._heights.top(row)
        while row < len(self._heights) and y <= bottom:
            tall = self._lay_out_row(row, style) if row not in self._rows else self._tall(row)
            changed += self._heights.set(row, tall)  # also of rows that painting met first
            y += self._heights[row]
            row += 1
        self.height += changed
        self.waits = self.waits or any(cell.waits for cells in self._rows.values() for cell in cells)
        return changed != 0

    def _lay_out_row(self, row: int, style: DocumentStyle) -> float:
        if len(self._rows) >= KEPT_ROWS:
            self._rows.clear()
        cells = []
        for column, cell in enumerate(self._cells(row)):
            paragraph = Paragraph(cell.text, cell.spans)
            room = self._columns[column] - 2 * metrics.CELL_PADDING_X
            paragraph.lay_out(room, self._font(row, style), style, _ALIGNS.get(self.block.align[column]))
            cells.append(paragraph)
        self._rows[row] = cells
        return self._tall(row)

    def _tall(self, row: int) -> float:
        """The height of a row that is laid out."""
        return max((cell.height for cell in self._rows[row]), default=self._line) + 2 * metrics.CELL_PADDING_Y

    def _cells(self, row: int) -> tuple[Cell, ...]:
        return self.block.rows[row][: len(self._columns)]

    def _cell_at(self, row: int, column: int) -> QPointF:
        """The corner of a cell's text; scrolled."""
        x = self._left + self._lefts[column] + metrics.CELL_PADDING_X - self.scroll_x
        return QPointF(x, self._heights.top(row) + metrics.CELL_PADDING_Y)

    def track(self) -> QRectF:
        return QRectF(self._left + 2, self.height - metrics.CODE_SCROLLBAR + 2, self.room - 4, 5)

    # painting

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, ranges: Ranges) -> None:
        paint_place(painter, self, style.text_line, style)
        painter.save()
        shown = min(self.whole, self.room)
        painter.setClipRect(QRectF(self._left, 0, shown + 1, self.height), Qt.ClipOperation.IntersectClip)
        line = style.colour("border")
        row = self._heights.at(max(clip.top(), 0.0))
        y = self._heights.top(row)
        while row < len(self._heights) and y <= clip.bottom():
            if row not in self._rows:
                self._lay_out_row(row, style)
            tall = self._heights[row]
            if not row:
                painter.fillRect(QRectF(self._left, 0, shown, tall), style.colour("table_header"))
            painter.fillRect(QRectF(self._left, y, shown, 1), line)
            painter.setPen(style.colour("text"))
            self._paint_row(painter, row, clip, ranges)
            y += tall
            row += 1
        painter.fillRect(QRectF(self._left, y, shown, 1), line)
        painter.restore()
        self.paint_thumb(painter, style)

    def _paint_row(self, painter: QPainter, row: int, clip: QRectF, ranges: Ranges) -> None:
        offset = self._start(row) if ranges else 0
        for column, cell in enumerate(self._rows[row]):
            at = self._cell_at(row, column)
            if at.x() < self._left + self.room and at.x() + self._columns[column] > self._left:
                cell.paint(painter, at, clip, ranges.moved(offset))
            offset += len(cell.text) + 1

    # finding

    def _start(self, row: int) -> int:
        """The offset at which a row begins."""
        starts = self._starts or [0]
        while len(starts) <= row:
            starts.append(starts[-1] + sum(len(cell.text) + 1 for cell in self.block.rows[len(starts) - 1]))
        self._starts = starts
        return starts[row]

    def _column_at(self, x: float) -> int:
        return max(0, min(bisect_right(self._lefts, x - self._left + self.scroll_x) - 1, len(self._columns) - 1))

    def offset_at(self, point: QPointF) -> int:
        if not self._columns or not len(self._heights):
            return 0
        row, column = self._heights.at(point.y()), self._column_at(point.x())
        cells = self._cells(row)
        before = self._start(row) + sum(len(cell.text) + 1 for cell in cells[:column])
        if column >= len(cells):
            return max(0, before - 1)
        known = self._rows.get(row)
        return before + (known[column].offset_at(point - self._cell_at(row, column)) if known else 0)

    def _place_of(self, offset: int) -> tuple[int, int, int]:
        """(row, column, character of the cell)."""
        if self.block.rows:
            self._start(len(self.block.rows) - 1)
        row = max(0, bisect_right(self._starts, offset) - 1)
        rest = offset - (self._starts[row] if self._starts else 0)
        cells = self.block.rows[row]
        for column, cell in enumerate(cells):
            if rest <= len(cell.text) or column == len(cells) - 1:
                return row, column, min(rest, len(cell.text))
            rest -= len(cell.text) + 1
        return row, 0, 0

    def rect_at(self, offset: int) -> QRectF:
        row, column, inside = self._place_of(offset)
        known = self._rows.get(row)
        if known is None or column >= len(known):
            return QRectF(self._left, self._heights.top(row), 1, self._heights[row])
        corner = self._cell_at(row, column)
        return known[column].rect_at(inside).translated(corner)

    def reveal(self, offset: int) -> bool:
        """Scrolls sideways so that a character is seen; True where it moved."""
        _, column, _ = self._place_of(offset)
        return self.overflows and self.reveal_x(self._lefts[column] + self._columns[column] / 2)

    def text(self) -> str:
        rows = self.block.rows
        return "\n".join("\t".join(cell.text.replace(LINE_BREAK, " ") for cell in row) for row in rows)

    def length(self) -> int:
        if not self.block.rows:
            return 0
        last = len(self.block.rows) - 1
        return self._start(last) + sum(len(cell.text) + 1 for cell in self.block.rows[last]) - 1

    def link_at(self, point: QPointF) -> str:
        row, column = self._heights.at(point.y()), self._column_at(point.x())
        known = self._rows.get(row)
        if known is None or column >= len(known):
            return ""
        span = known[column].span_at(point - self._cell_at(row, column))
        return span.href if span and span.style & Style.LINK else ""


def share(natural: list[float], room: float) -> list[float]:
    """Widths for columns: natural where they fit; else narrow ones keep theirs and the wide ones share what is left,
    none below CELL_COMFORTABLE that wants more.
    """
    if sum(natural) <= room:
        return list(natural)
    widths = list(natural)
    left, open_columns = room, set(range(len(natural)))
    while open_columns:
        fair = max(left / len(open_columns), metrics.CELL_COMFORTABLE)
        fitting = [column for column in open_columns if natural[column] <= fair]
        if not fitting:
            for column in open_columns:
                widths[column] = fair
            break
        for column in fitting:
            left -= natural[column]
            open_columns.discard(column)
    return widths
