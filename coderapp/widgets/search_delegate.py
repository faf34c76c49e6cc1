"""How a hit is painted: title and time, two lines of text with what fits marked, who said it."""

from __future__ import annotations

import time

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from coderapp.core.search import Hit
from coderapp.qt.search_model import HIT_ROLE, who
from coderapp.qt.theme import Theme
from coderapp.text.utf16 import Units
from coderapp.widgets import metrics
from coderapp.widgets.history_sidebar import ago

Index = QModelIndex | QPersistentModelIndex

LINES = 2
"""Lines of text that a hit shows."""

GAP = 3
"""Pixels between title, text and what stands below it."""

MOST_LAID_OUT = 200
"""Snippets that stay laid out: more than are seen at once."""

LEAD = 18
"""Characters before the first mark: in a narrow column it must be seen."""


class SearchDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self._laid_out: dict[tuple[object, ...], QTextLayout] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        small = QFontMetrics(_small(option.font))
        hit: Hit = index.data(HIT_ROLE)
        lines = LINES * small.lineSpacing() + GAP if hit.message_id else 0
        height = option.fontMetrics.height() + GAP + lines + small.height()
        return QSize(100, height + 2 * metrics.GAP_SMALL + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        from PySide6.QtWidgets import QStyle  # its many enums cost the start 5 ms

        hit: Hit = index.data(HIT_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box: QRect = option.rect.adjusted(metrics.GAP_SMALL, 1, -metrics.GAP_SMALL, -1)
        state: QStyle.StateFlag = option.state
        background = ""
        if state & QStyle.StateFlag.State_Selected:
            background = self.theme.current
        elif state & QStyle.StateFlag.State_MouseOver:
            background = self.theme.hover
        if background:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(background))
            painter.drawRoundedRect(box, 6, 6)
        inside = box.adjusted(metrics.GAP, metrics.GAP_SMALL, -metrics.GAP, -metrics.GAP_SMALL)
        self._paint_words(painter, option.font, hit, inside)
        painter.restore()

    def _paint_words(self, painter: QPainter, font: QFont, hit: Hit, box: QRect) -> None:
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        small = _small(font)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text))
        if hit.message_id:
            painter.drawText(box, left | top, painter.fontMetrics().elidedText(hit.title, _ELIDE, box.width()))
            y = box.top() + painter.fontMetrics().height() + GAP
            self._paint_snippet(painter, small, hit, QRect(box.left(), y, box.width(), box.height()), LINES)
        else:
            self._paint_snippet(painter, font, hit, box, 1)
        painter.setFont(small)
        painter.setPen(QColor(self.theme.text_muted))
        when = ago(hit.created, time.time())
        painter.drawText(box, right | bottom, when)
        room = box.width() - painter.fontMetrics().horizontalAdvance(when) - metrics.GAP
        painter.drawText(box, left | bottom, painter.fontMetrics().elidedText(who(hit), _ELIDE, room))

    def _paint_snippet(self, painter: QPainter, font: QFont, hit: Hit, box: QRect, lines: int) -> None:
        key = (hit.snippet, hit.marks, font.key(), box.width(), lines, self.theme.found, self.theme.found_text)
        if (layout := self._laid_out.get(key)) is None:
            if len(self._laid_out) >= MOST_LAID_OUT:
                self._laid_out.clear()
            layout = self._laid_out[key] = self._lay_out(font, hit, box.width(), lines)
        painter.setPen(QColor(self.theme.text))
        layout.draw(painter, QPointF(box.topLeft()))

    def _lay_out(self, font: QFont, hit: Hit, width: int, lines: int) -> QTextLayout:
        text, marks = shown_part(hit)
        layout = QTextLayout(text, font)
        wrapping = QTextOption()
        wrapping.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(wrapping)
        units = Units(text)
        formats = []
        for start, end in marks:
            one = QTextLayout.FormatRange()
            one.start, one.length = units.span_to_utf16(start, end - start)
            one.format = self._marked()
            formats.append(one)
        layout.setFormats(formats)
        layout.beginLayout()
        for number in range(lines):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(width)
            line.setPosition(QPointF(0, number * QFontMetrics(font).lineSpacing()))
        layout.endLayout()
        return layout

    def _marked(self) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setBackground(QColor(self.theme.found))
        made.setForeground(QColor(self.theme.found_text))
        return made


_ELIDE = Qt.TextElideMode.ElideRight


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(small.pointSizeF() * 0.88)
    return small


def shown_part(hit: Hit) -> tuple[str, list[tuple[int, int]]]:
    """The snippet from shortly before its first mark, and the marks in it."""
    text, marks = hit.snippet, list(hit.marks)
    first = marks[0][0] if marks else 0
    if first <= LEAD:
        return text, marks
    cut = first - LEAD
    space = text.find(" ", cut, first)
    cut = space + 1 if space >= 0 else cut
    return "…" + text[cut:], [(max(start - cut, 0) + 1, end - cut + 1) for start, end in marks]
