"""The list of conversations: open, rename, delete."""

from __future__ import annotations

import time

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from coderapp.qt import icons
from coderapp.qt.history_model import ENTRY_ROLE, ID_ROLE, HistoryEntry, HistoryModel
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 44


def ago(then: float, now: float) -> str:
    """When something happened, in few words."""
    gone = max(0.0, now - then)
    if gone < 60:
        return "just now"
    if gone < 3600:
        return f"{int(gone // 60)} min ago"
    day = time.localtime(then)
    today = time.localtime(now)
    if (day.tm_year, day.tm_yday) == (today.tm_year, today.tm_yday):
        return time.strftime("today %H:%M", day)
    if gone < 2 * 86400 and time.localtime(now - 86400).tm_yday == day.tm_yday:
        return time.strftime("yesterday %H:%M", day)
    return time.strftime("%d %b" if day.tm_year == today.tm_year else "%d %b %Y", day).lstrip("0")


class _Delegate(QStyledItemDelegate):
    """Title over time. Signals a rename instead of writing to the model."""

    renamed = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        from PySide6.QtWidgets import QStyle  # its many enums cost the start 5 ms

        entry: HistoryEntry = index.data(ENTRY_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box: QRect = option.rect.adjusted(metrics.GAP_SMALL, 1, -metrics.GAP_SMALL, -1)
        state: QStyle.StateFlag = option.state
        background = ""
        if state & QStyle.StateFlag.State_Selected:
            background = self.theme.current
        elif state & QStyle.StateFlag.State_MouseOver:
            background = self.theme.hover
        painter.setPen(Qt.PenStyle.NoPen)
        if background:
            painter.setBrush(QColor(background))
            painter.drawRoundedRect(box, 6, 6)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(QColor(self.theme.focus_ring))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 6, 6)
        inside = box.adjusted(metrics.GAP, 4, -metrics.GAP, -4)
        painter.setPen(QColor(self.theme.error if entry.problem else self.theme.text))
        title = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, title)
        small = QFont(painter.font())
        small.setPointSizeF(small.pointSizeF() * 0.88)
        painter.setFont(small)
        painter.setPen(QColor(self.theme.text_muted))
        below = "writing…" if entry.busy else "damaged" if entry.problem else ago(entry.updated, time.time())
        painter.drawText(inside, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, below)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, ROW_HEIGHT)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        edit = QLineEdit(parent)
        edit.setAccessibleName("Name of the conversation")
        return edit

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit) and editor.text().strip():
            self.renamed.emit(index.data(ID_ROLE), editor.text().strip())


class _List(QListView):
    delete_requested = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.delete_requested.emit()
        else:
            super().keyPressEvent(event)


class HistorySidebar(QFrame):
    """Signals: `new_requested()`, `open_requested(id)`, `rename_requested(id, title)`, `delete_requested(id)`."""

    new_requested = Signal()
    open_requested = Signal(str)
    rename_requested = Signal(str, str)
    delete_requested = Signal(str)

    def __init__(self, theme: Theme, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("historySidebar")
        self._theme = theme
        self._model = model
        self._new = QToolButton()
        self._new.setToolTip("New conversation (Ctrl+N)")
        self._new.setAccessibleName("New conversation")
        self._empty = QLabel("Conversations appear here as soon as you send a prompt.")
        self._empty.setProperty("kind", "muted")
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, 0)
        self._list = _List()
        self._list.setObjectName("historyList")
        self._list.setAccessibleName("Conversations")
        self._list.setModel(model)
        self._list.setMouseTracking(True)
        self._list.setUniformItemSizes(True)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._delegate = _Delegate(theme, self._list)
        self._list.setItemDelegate(self._delegate)
        self._places = QStackedWidget()  # the list, or what a search found
        self._build()
        self._connect()
        self.set_theme(theme)
        self._show_empty()

    def _build(self) -> None:
        title = QLabel("Conversations")
        title.setProperty("kind", "section")
        head = QHBoxLayout()
        head.setContentsMargins(metrics.PANEL_PADDING, 0, metrics.GAP, 0)
        head.addWidget(title, 1)
        head.addWidget(self._new)
        bar = QWidget()
        bar.setLayout(head)
        bar.setFixedHeight(metrics.BAR_HEIGHT)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(bar)
        rows.addWidget(self._places, 1)
        listed = QWidget()
        below = QVBoxLayout(listed)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self._empty)
        below.addWidget(self._list, 1)
        self._places.addWidget(listed)

    def _connect(self) -> None:
        self._new.clicked.connect(self.new_requested)
        self._list.clicked.connect(self._on_clicked)
        self._list.activated.connect(self._on_clicked)
        self._list.delete_requested.connect(self._delete_current)
        self._list.customContextMenuRequested.connect(self._on_menu)
        self._delegate.renamed.connect(self.rename_requested)
        for changed in (self._model.rowsInserted, self._model.rowsRemoved, self._model.modelReset):
            changed.connect(self._show_empty)

    def set_theme(self, theme: Theme) -> None:
        self._theme = self._delegate.theme = theme
        self._new.setIcon(icons.icon("new", theme.text))
        self._list.viewport().update()

    def set_search(self, field: QWidget, results: QWidget) -> None:
        """Puts the field to search with above the list; `results` take the list's place while they are shown."""
        rows = self.layout()
        assert isinstance(rows, QVBoxLayout)
        rows.insertWidget(1, field)
        self._places.addWidget(results)
        QWidget.setTabOrder(self._new, field)

    def show_results(self, shown: bool) -> None:
        """What was searched for instead of the list, or the list again."""
        self._places.setCurrentIndex(1 if shown and self._places.count() > 1 else 0)

    def show_open(self, conversation_id: str) -> None:
        """Marks the open conversation; none for a new one."""
        row = self._model.row_of(conversation_id)
        if row >= 0:
            self._list.setCurrentIndex(self._model.index(row))
        else:
            self._list.clearSelection()
            self._list.setCurrentIndex(QModelIndex())

    def rename_current(self) -> None:
        index = self._list.currentIndex()
        if index.isValid():
            self._list.edit(index)

    def _delete_current(self) -> None:
        index = self._list.currentIndex()
        if index.isValid():
            self.delete_requested.emit(index.data(ID_ROLE))

    def _on_clicked(self, index: QModelIndex) -> None:
        self.open_requested.emit(index.data(ID_ROLE))

    def _on_menu(self, at: QPoint) -> None:
        index = self._list.indexAt(at)
        if not index.isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        conversation = index.data(ID_ROLE)
        menu.addAction("Open", lambda: self.open_requested.emit(conversation))
        menu.addAction("Rename", lambda: self._list.edit(self._model.index(self._model.row_of(conversation))))
        menu.addAction("Delete", lambda: self.delete_requested.emit(conversation))
        menu.popup(self._list.viewport().mapToGlobal(at))

    def _show_empty(self) -> None:
        self._empty.setVisible(self._model.rowCount() == 0)
