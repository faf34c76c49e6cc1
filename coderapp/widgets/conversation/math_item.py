"""A display formula on screen: its image, or its source until there is one, or where it can't be drawn."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from coderapp.qt.formulas import Formula
from coderapp.text.blocks import MathBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation.items import BlockItem, left_of, paint_place
from coderapp.widgets.conversation.paragraph import Paragraph
from coderapp.widgets.conversation.ranges import Ranges
from coderapp.widgets.conversation.style import DocumentStyle


class MathItem(BlockItem):
    """Centred, and made smaller where it is too wide."""

    def __init__(self, block: MathBlock) -> None:
        self.block = block
        self.place = block.place
        self.waits = False
        self._left = left_of(block.place)
        self._source = Paragraph(block.tex, ())
        self._formula: Formula | None = None
        self._box = QRectF()
        self._key: tuple[float, int] | None = None

    def layout(self, width: float, style: DocumentStyle) -> None:
        key = (width, style.serial)
        if key == self._key and not self.waits:
            return
        self._key = key
        self._formula = style.formula(self.block.tex, display=True)
        self.waits = self._formula is None
        room = width - self._left
        if self._formula is None or self._formula.failed:
            self._formula = None
            self._source.lay_out(room, style.code, style)
            self.height = self._source.height + 2 * metrics.CODE_PADDING_Y
            return
        scale = min(1.0, room / max(self._formula.width, 1.0))
        wide, tall = self._formula.width * scale, self._formula.height * scale
        left = self._left + round((room - wide) / 2)
        self._box = QRectF(left, metrics.CODE_PADDING_Y, wide, tall)
        self.height = float(round(tall + 2 * metrics.CODE_PADDING_Y))

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, ranges: Ranges) -> None:
        paint_place(painter, self, style.text_line_height, style)
        if self._formula is None or self._formula.image is None:
            painter.setPen(style.colour("text_muted"))
            self._source.paint(painter, QPointF(self._left, metrics.CODE_PADDING_Y), clip, ranges)
            return
        for _, _, made in ranges:
            painter.fillRect(self._box, made.background())
        painter.drawImage(self._box, self._formula.image)

    def offset_at(self, point: QPointF) -> int:
        if self._formula is None:
            return self._source.offset_at(point - QPointF(self._left, metrics.CODE_PADDING_Y))
        return 0 if point.x() < self._box.center().x() else len(self.block.tex)

    def rect_at(self, offset: int) -> QRectF:
        if self._formula is None:
            return self._source.rect_at(offset).translated(self._left, metrics.CODE_PADDING_Y)
        x = self._box.left() if offset == 0 else self._box.right()
        return QRectF(x, self._box.top(), 1, self._box.height())

    def text(self) -> str:
        return self.block.tex
