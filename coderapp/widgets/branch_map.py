"""The branches of a conversation as a small tree to click, in a window that closes by itself."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from coderapp.core.conversation import Conversation
from coderapp.qt.branch_model import TWIG_ROLE, BranchModel, Twig
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

Index = QModelIndex | QPersistentModelIndex

WIDTH = 400
ROW = 28
LANE = 16
DOT = 4.5
MOST_ROWS = 14
"""Rows that are seen at once."""


class _Delegate(QStyledItemDelegate):
    """Lines and a dot, the first words, how many messages follow."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        from PySide6.QtWidgets import QStyle  # its many enums cost the start 5 ms

        twig: Twig = index.data(TWIG_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = rect.adjusted(metrics.GAP_SMALL, 1, -metrics.GAP_SMALL, -1)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.current if selected else self.theme.hover))
            painter.drawRoundedRect(box, 6, 6)
        self._paint_lines(painter, twig, rect, first=index.row() == 0)
        left = rect.left() + metrics.PANEL_PADDING + (twig.lane + 1) * LANE
        inside = QRect(left, rect.top(), rect.right() - metrics.PANEL_PADDING - left, rect.height())
        self._paint_words(painter, twig, str(index.data()), inside)
        painter.restore()

    def _paint_lines(self, painter: QPainter, twig: Twig, rect: QRect, *, first: bool) -> None:
        run, middle = twig.run, rect.center().y() + 0.5
        top, bottom = float(rect.top()), rect.bottom() + 1.0

        def x(lane: int) -> float:
            return rect.left() + metrics.PANEL_PADDING + lane * LANE + DOT

        def line(lane: int, begin: float, end: float, *, active: bool) -> None:
            painter.setPen(self._pen(active=active))
            painter.drawLine(QPointF(x(lane), begin), QPointF(x(lane), end))

        for lane, (above, below) in enumerate(zip(twig.entering, twig.passing, strict=True)):
            if not first:
                line(lane, top, middle, active=above)
            line(lane, middle, bottom, active=below)
        if run.joined and not first:
            line(twig.lane, top, middle, active=run.active)
        if run.goes_on:
            line(twig.lane, middle, bottom, active=twig.leaving)
        if not run.joined and twig.lane:
            elbow = QPainterPath(QPointF(x(twig.lane - 1), top if not first else middle))
            elbow.quadTo(QPointF(x(twig.lane - 1), middle), QPointF(x(twig.lane), middle))
            painter.setPen(self._pen(active=run.active))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(elbow)
        painter.setPen(self._pen(active=run.active))
        painter.setBrush(QColor(self.theme.accent if run.active else self.theme.surface_alt))
        painter.drawEllipse(QPointF(x(twig.lane), middle), DOT, DOT)

    def _pen(self, *, active: bool) -> QPen:
        return QPen(QColor(self.theme.accent if active else self.theme.border_strong), 2.0 if active else 1.4)

    def _paint_words(self, painter: QPainter, twig: Twig, words: str, box: QRect) -> None:
        run = twig.run
        font = painter.font()
        count = f"{run.count:,} messages" if run.count > 1 else ""
        small = type(font)(font)
        small.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(small)
        wide = painter.fontMetrics().horizontalAdvance(count) + (metrics.GAP if count else 0)
        painter.setPen(QColor(self.theme.text_muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(box), middle | Qt.AlignmentFlag.AlignRight, count)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text if run.active else self.theme.text_muted))
        room = box.width() - wide
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, shown)


class _List(QListView):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.currentIndex().isValid():
                self.activated.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)


class BranchMap(QFrame):
    """Signal: `chosen(message id)`: the first message of the run that is to be shown."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("branchMap")
        self.setAccessibleName("Branches")
        self._model = BranchModel(self)
        self._list = _List()
        self._list.setAccessibleName("Branches of the conversation")
        self._list.setModel(self._model)
        self._list.setMouseTracking(True)
        self._list.setUniformItemSizes(True)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._delegate = _Delegate(theme, self._list)
        self._list.setItemDelegate(self._delegate)
        self._head = QLabel()
        self._head.setProperty("kind", "section")
        self._head.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, metrics.GAP_SMALL)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(1, 1, 1, metrics.GAP_SMALL)
        rows.setSpacing(0)
        rows.addWidget(self._head)
        rows.addWidget(self._list, 1)
        self.setFocusProxy(self._list)
        self._list.clicked.connect(self._on_chosen)
        self._list.activated.connect(self._on_chosen)
        self.setStyleSheet(
            f"#branchMap {{ background: {theme.surface_alt}; border: 1px solid {theme.border_strong}; }}"
            "#branchMap QListView { background: transparent; border: none; outline: 0; }"
        )

    def open_below(self, button: QWidget, conversation: Conversation, at: str) -> None:
        """Shows the tree below a button, with the run of the message `at` chosen."""
        self._model.show(conversation)
        count = self._model.rowCount()
        self._head.setText(f"{self._model.branches:,} branches")
        height = self._head.sizeHint().height() + min(count, MOST_ROWS) * ROW + metrics.GAP
        self.resize(WIDTH, height)
        corner = button.mapToGlobal(button.rect().bottomRight())
        screen = button.screen().availableGeometry()
        left = min(max(corner.x() - WIDTH, screen.left()), screen.right() - WIDTH)
        self.move(left, min(corner.y() + metrics.GAP_SMALL, screen.bottom() - height))
        self.show()
        self._list.setFocus()
        if (row := self._model.row_of(at)) >= 0:
            self._list.setCurrentIndex(self._model.index(row))

    def _on_chosen(self, index: QModelIndex) -> None:
        message = self._model.first_message(index.row())
        self.close()
        self.chosen.emit(message)
