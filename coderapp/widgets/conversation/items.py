"""Blocks that lay themselves out and paint: text, rules and tables. Code has a file of its own."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from coderapp.text.blocks import LINE_BREAK, Place, RuleBlock, Style, TableBlock, TextBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation.paragraph import Paragraph, Picked
from coderapp.widgets.conversation.style import DocumentStyle

WIDEST = 1e6
"""Line width that never breaks."""


class BlockItem:
    """A block on screen. Coordinates are relative to the item's own top left corner; `height` is known after `layout`.

    Offsets count characters of `text()`, the block's plain text.
    """

    height: float = 0.0
    place: Place
    joined: int = 0
    """Steps of the path that the next block shares."""
    gap: float = metrics.BLOCK_GAP
    """The space below: less before another item of a list."""

    def layout(self, width: float, style: DocumentStyle) -> None:
        raise NotImplementedError

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        """`clip`: the part to paint, in the item's coordinates."""
        raise NotImplementedError

    def offset_at(self, point: QPointF) -> int:
        raise NotImplementedError

    def text(self) -> str:
        raise NotImplementedError

    def link_at(self, point: QPointF) -> str:
        return ""

    def drop(self) -> None:
        """Lets go of what `layout` can make again; the height stays."""


def left_of(place: Place) -> float:
    """How far a block is indented."""
    return sum(metrics.INDENT if step == "l" else metrics.QUOTE_INDENT for step in place.path)


def paint_place(painter: QPainter, item: BlockItem, first_line: float, s: DocumentStyle) -> None:
    """Quote bars, which run on where the next block shares them, and the list marker."""
    place = item.place
    x = 0.0
    for depth, step in enumerate(place.path):
        if step == "q":
            tall = item.height + (item.gap if depth < item.joined else 0)
            painter.fillRect(QRectF(x, 0, metrics.QUOTE_BAR, tall), s.colour("quote_bar"))
            x += metrics.QUOTE_INDENT
        else:
            x += metrics.INDENT
    if place.task is not None:
        _paint_task(painter, QPointF(x - metrics.INDENT + 4, (first_line - 12) / 2), place.task, s)
    elif place.marker:
        painter.setFont(s.base)
        painter.setPen(s.colour("text_muted"))
        wide = max(metrics.INDENT, s.metrics.horizontalAdvance(place.marker) + 7)
        box = QRectF(x - wide, 0, wide - 7, first_line)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, place.marker)


def _paint_task(painter: QPainter, at: QPointF, done: bool, s: DocumentStyle) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(s.colour("accent" if done else "border_strong"), 1.3))
    painter.setBrush(s.colour("accent") if done else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(at.x() + 0.5, at.y() + 0.5, 12, 12), 3, 3)
    if done:
        painter.setPen(QPen(s.colour("accent_text"), 1.7))
        corners = [
            QPointF(at.x() + 3.4, at.y() + 6.8),
            QPointF(at.x() + 5.6, at.y() + 9),
            QPointF(at.x() + 9.8, at.y() + 4),
        ]
        painter.drawPolyline(corners)
    painter.restore()


class TextItem(BlockItem):
    def __init__(self, block: TextBlock, colour: str = "text") -> None:
        self.block = block
        self.place = block.place
        self._colour = colour
        self._paragraph = Paragraph(block.text, block.spans)
        self._left = left_of(block.place)
        self._top = 0.0
        self._width = -1.0

    def layout(self, width: float, style: DocumentStyle) -> None:
        if width == self._width and self._paragraph.is_laid_out:
            return
        self._width = width
        self._top = metrics.HEADING_SPACE if self.block.level in (1, 2, 3) else 0.0
        self._paragraph.lay_out(width - self._left, style.headings[self.block.level], style)
        self.height = self._top + self._paragraph.height

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        paint_place(painter, self, self._paragraph.first_line, style)
        painter.setPen(style.colour(self._colour))
        self._paragraph.paint(painter, QPointF(self._left, self._top), clip, style, picked)

    def offset_at(self, point: QPointF) -> int:
        return self._paragraph.offset_at(point - QPointF(self._left, self._top))

    def text(self) -> str:
        return self.block.text.replace(LINE_BREAK, "\n")

    def link_at(self, point: QPointF) -> str:
        span = self._paragraph.span_at(point - QPointF(self._left, self._top))
        return span.href if span and span.style & Style.LINK else ""

    def drop(self) -> None:
        self._paragraph.drop()


class RuleItem(BlockItem):
    def __init__(self, block: RuleBlock) -> None:
        self.place = block.place
        self._width = 0.0

    def layout(self, width: float, style: DocumentStyle) -> None:
        self._width = width
        self.height = metrics.RULE_HEIGHT

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        paint_place(painter, self, self.height, style)
        left = left_of(self.place)
        painter.fillRect(QRectF(left, self.height // 2, self._width - left, 1), style.colour("border"))

    def offset_at(self, point: QPointF) -> int:
        return 0

    def text(self) -> str:
        return ""


class TableItem(BlockItem):
    """Columns get their natural width where there is room, else a share of it, and their cells break lines."""

    def __init__(self, block: TableBlock) -> None:
        self.block = block
        self.place = block.place
        self._left = left_of(block.place)
        self._cells = [[Paragraph(cell.text, cell.spans) for cell in row] for row in block.rows]
        self._width = -1.0
        self._columns: list[float] = []
        self._tops: list[float] = []
        self._laid_out = False

    def layout(self, width: float, style: DocumentStyle) -> None:
        if width == self._width and self._laid_out:
            return
        self._width = width
        self._laid_out = True
        fonts = [style.label if not row else style.base for row in range(len(self._cells))]
        natural = [float(metrics.CELL_LEAST)] * len(self.block.align)
        for row, font in zip(self._cells, fonts, strict=True):
            for column, cell in enumerate(row[: len(natural)]):
                cell.lay_out(WIDEST, font, style)
                natural[column] = max(natural[column], cell.natural_width + 2 * metrics.CELL_PADDING_X + 1)
        self._columns = _share(natural, width - self._left)
        aligns = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}
        y = 0.0
        self._tops = [0.0]
        for row, font in zip(self._cells, fonts, strict=True):
            tallest = 0.0
            for column, cell in enumerate(row[: len(natural)]):
                align = aligns.get(self.block.align[column])
                room = self._columns[column] - 2 * metrics.CELL_PADDING_X
                if align or cell.natural_width > room:
                    cell.lay_out(room, font, style, align)
                tallest = max(tallest, cell.height)
            y += tallest + 2 * metrics.CELL_PADDING_Y
            self._tops.append(y)
        self.height = y + 1

    def _cell_at(self, row: int, column: int) -> QPointF:
        x = self._left + sum(self._columns[:column]) + metrics.CELL_PADDING_X
        return QPointF(x, self._tops[row] + metrics.CELL_PADDING_Y)

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        paint_place(painter, self, style.text_line, style)
        wide = sum(self._columns)
        painter.fillRect(QRectF(self._left, 0, wide, self._tops[1]), style.colour("table_header"))
        line = style.colour("border")
        for y in self._tops:
            painter.fillRect(QRectF(self._left, y, wide, 1), line)
        painter.setPen(style.colour("text"))
        offset = 0
        for number, row in enumerate(self._cells):
            seen = self._tops[number + 1] >= clip.top() and self._tops[number] <= clip.bottom()
            for column, cell in enumerate(row[: len(self._columns)]):
                if seen:
                    part = None
                    if picked:
                        part = Picked(max(0, picked.start - offset), min(len(cell.text), picked.end - offset))
                    cell.paint(painter, self._cell_at(number, column), clip, style, part)
                offset += len(cell.text) + 1

    def offset_at(self, point: QPointF) -> int:
        row = max(0, min(sum(top <= point.y() for top in self._tops) - 1, len(self._cells) - 1))
        x, column = self._left, 0
        while column < len(self._columns) - 1 and point.x() >= x + self._columns[column]:
            x += self._columns[column]
            column += 1
        before = sum(len(cell.text) + 1 for cells in self._cells[:row] for cell in cells[: len(self._columns)])
        before += sum(len(cell.text) + 1 for cell in self._cells[row][:column])
        if column >= len(self._cells[row]):
            return max(0, before - 1)
        return before + self._cells[row][column].offset_at(point - self._cell_at(row, column))

    def text(self) -> str:
        count = len(self.block.align)
        rows = ("\t".join(cell.text.replace(LINE_BREAK, " ") for cell in row[:count]) for row in self.block.rows)
        return "\n".join(rows)

    def link_at(self, point: QPointF) -> str:
        for number, row in enumerate(self._cells):
            if self._tops[number] <= point.y() < self._tops[number + 1]:
                for column, cell in enumerate(row[: len(self._columns)]):
                    span = cell.span_at(point - self._cell_at(number, column))
                    if span and span.style & Style.LINK:
                        return span.href
        return ""

    def drop(self) -> None:
        self._laid_out = False
        for row in self._cells:
            for cell in row:
                cell.drop()


def _share(natural: list[float], room: float) -> list[float]:
    """Widths that fit `room`: narrow columns keep their natural width, the wide ones share what is left."""
    if sum(natural) <= room:
        return natural
    widths = list(natural)
    left, open_columns = room, set(range(len(natural)))
    while open_columns:
        fair = max(left / len(open_columns), metrics.CELL_LEAST)
        fitting = [column for column in open_columns if natural[column] <= fair]
        if not fitting:
            for column in open_columns:
                widths[column] = fair
            break
        for column in fitting:
            left -= natural[column]
            open_columns.discard(column)
    return widths
