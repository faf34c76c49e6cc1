"""The list of conversations itself: keys, the mouse, selecting several, dragging them elsewhere."""

from __future__ import annotations

from itertools import chain, groupby

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from coderapp.qt.history_entry import GroupKind, HistoryGroup, Scope
from coderapp.qt.history_model import ENTRY_ROLE, FOLDER_MIME, GROUP_ROLE, ID_ROLE, MIME, HistoryModel
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics
from coderapp.widgets.history_delegate import HistoryDelegate

Index = QModelIndex | QPersistentModelIndex


class HistoryList(QListView):
    """Signals: `open_requested(id)`; `delete_requested()`, `left()`: by keys; `dropped(ids, HistoryGroup)`: onto a
    group; `folder_dropped(folder, before)`: in front of another, "" for the end.
    """

    open_requested = Signal(str)
    delete_requested = Signal()
    left = Signal()
    dropped = Signal(list, HistoryGroup)
    folder_dropped = Signal(str, str)

    def __init__(self, theme: Theme, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = model
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._pressed = QPersistentModelIndex()
        self._kept: tuple[list[str], str, int] = ([], "", 0)
        self.rows = HistoryDelegate(theme, lambda: model.scope, self)
        self.setItemDelegate(self.rows)
        # A view that lays out its rows asks for their number twice a row: ten thousand calls of Python, each of which
        # waits for whichever thread has the interpreter. This one answers from C++; its rows are the model's.
        self._shown = QSortFilterProxyModel(self)
        self._shown.setSourceModel(model)
        self.setModel(self._shown)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self.clicked.connect(self._on_clicked)
        self._shown.modelAboutToBeReset.connect(self._keep)
        self._shown.modelReset.connect(self._give_back)

    def set_theme(self, theme: Theme) -> None:
        self.rows.theme = theme
        self.viewport().update()

    def index_of(self, row: int) -> QModelIndex:
        """Of a row of the history; invalid for -1."""
        return self._shown.index(row, 0)

    # what is selected

    def selected(self) -> list[str]:
        """Ids in the order of the list."""
        parts = [range(part.top(), part.bottom() + 1) for part in self.selectionModel().selection().toList()]
        entries = (self._history.entry(row) for row in sorted(chain.from_iterable(parts)))
        return [entry.id for entry in entries if entry is not None]

    def select(self, ids: list[str], current: str = "") -> None:
        """Selects those that are shown, and nothing else."""
        found = QItemSelection()
        rows = sorted(row for name in ids if (row := self._history.row_of(name)) >= 0)
        for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0]):  # each run of neighbours as one
            part = [row for _, row in run]
            found.append(QItemSelectionRange(self.index_of(part[0]), self.index_of(part[-1])))
        self.selectionModel().select(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        row = self._history.row_of(current or (ids[0] if ids else ""))
        self.selectionModel().setCurrentIndex(self.index_of(row), QItemSelectionModel.SelectionFlag.NoUpdate)

    def show_open(self, conversation_id: str) -> None:
        """Marks the open conversation, and selects it when it is another than before."""
        if conversation_id == self.rows.open_id and (self.selected() or self._history.row_of(conversation_id) < 0):
            return
        self.rows.open_id = conversation_id
        self.select([conversation_id])
        if (row := self._history.row_of(conversation_id)) >= 0:
            self.scrollTo(self.index_of(row))
        self.viewport().update()

    def current_group(self) -> HistoryGroup | None:
        """The group whose header has the focus."""
        index = self.currentIndex()
        return index.data(GROUP_ROLE) if index.isValid() and index.data(ENTRY_ROLE) is None else None

    def _keep(self) -> None:
        current = self.currentIndex()
        self._kept = (self.selected(), current.data(ID_ROLE) or "", self.verticalScrollBar().value())

    def _give_back(self) -> None:
        ids, current, scrolled = self._kept
        self.select(ids, current)
        self.doItemsLayout()
        self.verticalScrollBar().setValue(scrolled)

    # groups

    def toggle(self, index: Index) -> None:
        group: HistoryGroup = index.data(GROUP_ROLE)
        self._history.collapse(group.key, not group.collapsed)

    def reveal(self, conversation_id: str) -> bool:
        """Opens the group that it is in; whether it is of the list at all."""
        if not (key := self._history.group_of(conversation_id)):
            return False
        self._history.collapse(key, False)
        return True

    def _on_clicked(self, index: QModelIndex) -> None:
        if self._modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier):
            return
        if index.data(ENTRY_ROLE) is None:
            self.toggle(index)
        else:
            self.open_requested.emit(index.data(ID_ROLE))

    # dragging

    def _group_at(self, at: QPoint) -> HistoryGroup | None:
        """None below the last row: that is, among the rest."""
        index = self.indexAt(at)
        return index.data(GROUP_ROLE) if index.isValid() else None

    def _show_target(self, key: str) -> None:
        if key != self.rows.drop_key:
            self.rows.drop_key = key
            self.viewport().update()

    def _target(self, event: QDropEvent) -> HistoryGroup | None:
        """What the drag would be dropped onto; None where it can't be."""
        data = event.mimeData()
        group = self._group_at(event.position().toPoint())
        if self._history.scope is not Scope.CURRENT:
            return None
        if data.hasFormat(MIME):
            return group or HistoryGroup("", GroupKind.DAYS, "", 0, collapsed=False)
        return group if data.hasFormat(FOLDER_MIME) and (group is None or group.folder) else None

    # Qt

    def selectionCommand(self, index: Index, event: object | None = None) -> QItemSelectionModel.SelectionFlag:
        """A click on a header leaves the selection as it is."""
        if isinstance(event, QMouseEvent) and index.isValid() and index.data(ENTRY_ROLE) is None:
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)  # type: ignore[arg-type]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() is QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)  # what the field for a name did not use
            return
        index = self.currentIndex()
        header = index.isValid() and index.data(ENTRY_ROLE) is None
        key = event.key()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Delete and plain:
            if self.selected() and not header:
                self.delete_requested.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain and index.isValid():
            if header:
                self.toggle(index)
            else:
                self.open_requested.emit(index.data(ID_ROLE))
        elif key == Qt.Key.Key_Space and plain and header:
            self.toggle(index)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and plain and index.isValid():
            self._step(index, header=header, into=key == Qt.Key.Key_Right)
        elif key == Qt.Key.Key_Escape and plain:
            if len(self.selected()) > 1:
                self.select([index.data(ID_ROLE)] if index.data(ID_ROLE) else [])
            else:
                self.left.emit()
        else:
            super().keyPressEvent(event)

    def _step(self, index: QModelIndex, *, header: bool, into: bool) -> None:
        """Left and Right: close and open a group; from a conversation to the header of its group."""
        group: HistoryGroup = index.data(GROUP_ROLE)
        if header:
            self._history.collapse(group.key, not into)
        elif not into:
            self.setCurrentIndex(self.index_of(self._history.header_row(group.key)))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By keys it is for the row that has the focus, wherever the pointer is."""
        at, current = event.pos(), self.currentIndex()
        if event.reason() is QContextMenuEvent.Reason.Keyboard and current.isValid():
            self.scrollTo(current)
            at = self.visualRect(current).center()
        self.customContextMenuRequested.emit(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._modifiers = event.modifiers()
        self._pressed = QPersistentModelIndex(self.indexAt(event.position().toPoint()))
        super().mousePressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        if not self._pressed.isValid():
            return
        header = self._pressed.data(ENTRY_ROLE) is None
        group: HistoryGroup = self._pressed.data(GROUP_ROLE)
        if header and not group.folder:
            return
        indexes = [self.index_of(self._pressed.row())] if header else self.selectedIndexes()
        if not indexes:
            return
        drag = QDrag(self)
        drag.setMimeData(self._history.mimeData(indexes))
        words = str(indexes[0].data()) if len(indexes) == 1 else f"{len(indexes)} conversations"
        drag.setPixmap(self._picture(words))
        drag.setHotSpot(QPoint(-metrics.GAP, -metrics.GAP))
        drag.exec(Qt.DropAction.MoveAction)
        self._show_target("")

    def _picture(self, words: str) -> QPixmap:
        """What hangs at the pointer."""
        theme, ratio, font = self.rows.theme, self.devicePixelRatioF(), self.fontMetrics()
        words = font.elidedText(words, Qt.TextElideMode.ElideRight, metrics.HISTORY_WIDTH - 2 * metrics.GAP)
        width = font.horizontalAdvance(words) + 2 * metrics.GAP
        height = font.height() + 2 * metrics.GAP_SMALL
        made = QPixmap(round(width * ratio), round(height * ratio))
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.border_strong))
        painter.setBrush(QColor(theme.surface_alt))
        painter.drawRoundedRect(QRect(0, 0, width, height).adjusted(0, 0, -1, -1), 5, 5)
        painter.setPen(QColor(theme.text))
        painter.drawText(QRect(0, 0, width, height), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
        return made

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME) or event.mimeData().hasFormat(FOLDER_MIME):
            event.accept()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)  # scrolls at the edges
        target = self._target(event)
        self._show_target(target.key if target else "")
        if target or (self._history.scope is Scope.CURRENT and event.mimeData().hasFormat(FOLDER_MIME)):
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._show_target("")

    def dropEvent(self, event: QDropEvent) -> None:
        target, data = self._target(event), event.mimeData()
        self._show_target("")
        self.setState(QAbstractItemView.State.NoState)
        if data.hasFormat(MIME) and target is not None:
            self.dropped.emit(dragged(data.data(MIME).data()), target)
        elif data.hasFormat(FOLDER_MIME) and self._history.scope is Scope.CURRENT:
            folder = bytes(data.data(FOLDER_MIME).data()).decode()
            before = target.folder if target else ""
            if before != folder:
                self.folder_dropped.emit(folder, before)
        event.accept()


def dragged(data: bytes | bytearray | memoryview) -> list[str]:
    """The ids of a drag."""
    return [name for name in bytes(data).decode(errors="replace").split("\n") if name]
