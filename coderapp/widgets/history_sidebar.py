"""The left side of the window: conversations in their groups, the archive, the trash, and a place to search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from coderapp.qt import icons
from coderapp.qt.history_entry import HistoryGroup, Scope
from coderapp.qt.history_model import ENTRY_ROLE, GROUP_ROLE, ID_ROLE, MIME, HistoryModel
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics
from coderapp.widgets.history_delegate import ago
from coderapp.widgets.history_list import HistoryList, dragged

if TYPE_CHECKING:
    from coderapp.widgets.history_trash import HistoryTrash

REFRESH_EVERY = 30_000
"""Milliseconds after which “5 min ago” may be another time, and today another day."""

TITLES = {Scope.CURRENT: "Conversations", Scope.ARCHIVE: "Archive", Scope.TRASH: "Recently deleted"}


class FootButton(QToolButton):
    """Leads to the archive or the trash; takes what is dragged there. Signal: `dropped(ids)`."""

    dropped = Signal(list)

    def __init__(self, text: str) -> None:
        super().__init__()
        self._words = f" {text}"  # a little away from the icon
        self.setText(self._words)
        self.setAccessibleName(text)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCheckable(True)
        self.setAcceptDrops(True)
        self.setProperty("kind", "foot")

    def show_count(self, count: int) -> None:
        self.setText(f"{self._words}  {count}" if count else self._words)
        self.setAccessibleName(f"{self._words.strip()}, {count}")

    def _show_over(self, over: bool) -> None:
        self.setProperty("over", "true" if over else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            self._show_over(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_over(False)
        event.acceptProposedAction()
        self.dropped.emit(dragged(event.mimeData().data(MIME).data()))


class HistorySidebar(QFrame):
    """Signals: `new_requested()`, `new_folder_requested()`, `open_requested(id)`, `rename_requested(id, title)`,
    `folder_rename_requested(folder, name)`, `delete_requested(ids)`, `archive_requested(ids)`,
    `moved(ids, HistoryGroup)`: dragged onto a group; `folder_moved(folder, before)`;
    `menu_requested(ids, at)`, `folder_menu_requested(folder, at)`: at a place on the screen;
    `scope_changed(Scope)`.
    """

    new_requested = Signal()
    new_folder_requested = Signal()
    open_requested = Signal(str)
    rename_requested = Signal(str, str)
    folder_rename_requested = Signal(str, str)
    delete_requested = Signal(list)
    archive_requested = Signal(list)
    moved = Signal(list, HistoryGroup)
    folder_moved = Signal(str, str)
    menu_requested = Signal(list, QPoint)
    folder_menu_requested = Signal(str, QPoint)
    scope_changed = Signal(Scope)

    def __init__(self, theme: Theme, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("historySidebar")
        self.theme = theme
        self._model = model
        self._scope = Scope.CURRENT
        self._title = QLabel(TITLES[Scope.CURRENT])
        self._title.setProperty("kind", "section")
        self._back = _button("Back to the conversations (Esc)")
        self._new_folder = _button("New folder")
        self._new = _button("New conversation (Ctrl+N)", "New conversation")
        self._empty = QLabel()
        self._empty.setProperty("kind", "muted")
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, 0)
        self._list = HistoryList(theme, model)
        self._list.setObjectName("historyList")
        self._list.setAccessibleName("Conversations")
        self._places = QStackedWidget()  # the list, the trash, or what a search found
        self._listed = QWidget()
        self._trash: HistoryTrash | None = None
        self._results: QWidget | None = None
        self._archive_button = FootButton("Archive")
        self._trash_button = FootButton(TITLES[Scope.TRASH])
        self._build()
        self._connect()
        self.set_theme(theme)
        self._show_empty()
        self._timer = QTimer(self, interval=REFRESH_EVERY)
        self._timer.timeout.connect(self._on_time)
        self._timer.start()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(metrics.PANEL_PADDING, 0, metrics.GAP, 0)
        head.setSpacing(metrics.GAP_SMALL)
        head.addWidget(self._back)
        head.addWidget(self._title, 1)
        head.addWidget(self._new_folder)
        head.addWidget(self._new)
        bar = QWidget()
        bar.setLayout(head)
        bar.setFixedHeight(metrics.BAR_HEIGHT)
        below = QVBoxLayout(self._listed)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self._empty)
        below.addWidget(self._list, 1)
        self._places.addWidget(self._listed)
        foot = QVBoxLayout()
        foot.setContentsMargins(metrics.GAP_SMALL, metrics.GAP_SMALL, metrics.GAP_SMALL, metrics.GAP_SMALL)
        foot.setSpacing(0)
        foot.addWidget(self._archive_button)
        foot.addWidget(self._trash_button)
        self._foot = QFrame()
        self._foot.setObjectName("historyFoot")
        self._foot.setLayout(foot)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(bar)
        rows.addWidget(self._places, 1)
        rows.addWidget(self._foot)
        for button in (self._archive_button, self._trash_button):
            policy = button.sizePolicy()
            policy.setHorizontalPolicy(policy.Policy.Expanding)
            button.setSizePolicy(policy)
        self._back.hide()

    def _connect(self) -> None:
        self._new.clicked.connect(self.new_requested)
        self._new_folder.clicked.connect(self.new_folder_requested)
        self._back.clicked.connect(lambda: self.show_scope(Scope.CURRENT))
        self._list.open_requested.connect(self.open_requested)
        self._list.delete_requested.connect(lambda: self.delete_requested.emit(self._list.selected()))
        self._list.left.connect(lambda: self.show_scope(Scope.CURRENT))
        self._list.dropped.connect(self.moved)
        self._list.folder_dropped.connect(self.folder_moved)
        self._list.customContextMenuRequested.connect(self._on_menu)
        self._list.rows.renamed.connect(self.rename_requested)
        self._list.rows.folder_renamed.connect(self.folder_rename_requested)
        self._archive_button.clicked.connect(lambda on: self.show_scope(Scope.ARCHIVE if on else Scope.CURRENT))
        self._trash_button.clicked.connect(lambda on: self.show_scope(Scope.TRASH if on else Scope.CURRENT))
        self._archive_button.dropped.connect(self.archive_requested)
        self._trash_button.dropped.connect(self.delete_requested)
        for changed in (self._model.rowsInserted, self._model.rowsRemoved, self._model.modelReset):
            changed.connect(self._show_empty)

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._list.set_theme(theme)
        self._new.setIcon(icons.icon("new", theme.text))
        self._new_folder.setIcon(icons.icon("folder-new", theme.text))
        self._back.setIcon(icons.icon("back", theme.text))
        self._archive_button.setIcon(icons.icon("archive", theme.text_muted))
        self._trash_button.setIcon(icons.icon("delete", theme.text_muted))
        if self._trash is not None:
            self._trash.set_theme(theme)

    # places

    def set_search(self, field: QWidget, results: QWidget) -> None:
        """Puts the field to search with above the list; `results` take the list's place while they are shown."""
        rows = self.layout()
        assert isinstance(rows, QVBoxLayout)
        rows.insertWidget(1, field)
        self._results = results
        self._places.addWidget(results)
        QWidget.setTabOrder(self._new, field)

    def show_results(self, shown: bool) -> None:
        """What was searched for instead of the list, or the list again."""
        if shown and self._results is not None:
            self._places.setCurrentWidget(self._results)
        else:
            self._show_place()

    def set_trash(self, trash: HistoryTrash) -> None:
        """What takes the list's place when the user looks into the trash."""
        self._trash = trash
        self._places.addWidget(trash)
        self._show_place()
        trash.left.connect(lambda: self.show_scope(Scope.CURRENT))

    @property
    def has_trash(self) -> bool:
        return self._trash is not None

    def show_counts(self, archived: int, deleted: int) -> None:
        """How many there are in the archive and in the trash."""
        self._archive_button.show_count(archived)
        self._trash_button.show_count(deleted)

    def _show_place(self) -> None:
        trash = self._trash if self._scope is Scope.TRASH else None
        self._places.setCurrentWidget(trash or self._listed)

    @property
    def scope(self) -> Scope:
        return self._scope

    def show_scope(self, scope: Scope) -> None:
        """The conversations, those of the archive, or the trash."""
        self._archive_button.setChecked(scope is Scope.ARCHIVE)
        self._trash_button.setChecked(scope is Scope.TRASH)
        if scope is self._scope:
            return
        self._scope = scope
        if scope is not Scope.TRASH:
            self._model.set_scope(scope)
            self._list.setAccessibleName(TITLES[scope])
        self._title.setText(TITLES[scope])
        self._back.setVisible(scope is not Scope.CURRENT)
        self._new_folder.setVisible(scope is Scope.CURRENT)
        self._show_place()
        self._show_empty()
        self.scope_changed.emit(scope)

    # the list

    def show_open(self, conversation_id: str) -> None:
        """Marks the open conversation; none for a new one."""
        self._list.show_open(conversation_id)

    def targets(self) -> list[str]:
        """What a command is about: what is selected while the list has the focus, else the open conversation."""
        if self._list.hasFocus():
            return self._list.selected()
        return [self._list.rows.open_id] if self._list.rows.open_id else []

    def selected(self) -> list[str]:
        return self._list.selected()

    def rename(self, conversation_id: str) -> None:
        """Has the user type another title in its row."""
        archived = (entry := self._model.get(conversation_id)) is not None and entry.archived
        self.show_scope(Scope.ARCHIVE if archived else Scope.CURRENT)
        if self._list.reveal(conversation_id):
            self._edit(self._model.row_of(conversation_id))

    def rename_current(self) -> None:
        if (group := self._list.current_group()) is not None and self._list.hasFocus():
            self.rename_folder(group.folder)
        elif targets := self.targets():
            self.rename(targets[0])

    def rename_folder(self, folder: str) -> None:
        if folder:
            self._edit(self._model.folder_row(folder))

    def _edit(self, row: int) -> None:
        if row >= 0:
            index = self._list.index_of(row)
            self._list.setCurrentIndex(index)
            self._list.scrollTo(index)
            self._list.edit(index)

    def _on_menu(self, at: QPoint) -> None:
        index = self._list.indexAt(at)
        where = self._list.viewport().mapToGlobal(at)
        if not index.isValid():
            return
        if index.data(ENTRY_ROLE) is None:
            group: HistoryGroup = index.data(GROUP_ROLE)
            if group.folder:
                self.folder_menu_requested.emit(group.folder, where)
            return
        chosen = self._list.selected()
        self.menu_requested.emit(chosen if index.data(ID_ROLE) in chosen else [index.data(ID_ROLE)], where)

    def _on_time(self) -> None:
        self._model.refresh()
        if self.isVisible():
            self._list.viewport().update()

    def _show_empty(self) -> None:
        archive = self._scope is Scope.ARCHIVE
        self._empty.setText(
            "Nothing is archived. What you archive is out of the way here, and still found by searching."
            if archive
            else "Conversations appear here as soon as you send a prompt. You can drop exports of other programs here."
        )
        self._empty.setVisible(self._model.rowCount() == 0)


def _button(tip: str, name: str = "") -> QToolButton:
    made = QToolButton()
    made.setToolTip(tip)
    made.setAccessibleName(name or tip)
    return made


__all__ = ["FootButton", "HistorySidebar", "ago"]
