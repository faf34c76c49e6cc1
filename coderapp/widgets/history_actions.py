"""What the user asks of the history: commands of the menus, of the list, and of the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from coderapp.qt.books import StateBook
from coderapp.qt.history_entry import GroupKind, HistoryEntry, HistoryGroup, Scope
from coderapp.qt.workspace import Workspace
from coderapp.widgets.history_sidebar import HistorySidebar

Act = Callable[[], object]

COLLAPSED = "history_collapsed"
"""The name under which the window's state has the collapsed groups."""

RENAME, DELETE, DUPLICATE = "F2", "Ctrl+Shift+Del", "Ctrl+D"
PIN, ARCHIVE, MOVE, TAGS, NEW_FOLDER = "Ctrl+Shift+I", "Ctrl+Shift+H", "Ctrl+Shift+M", "Ctrl+T", "Ctrl+Shift+N"


KEYS = (
    f"{'Del':<24}Delete what is selected (in the list)",
    f"{'Ctrl+A, Shift+arrows':<24}Select several (in the list)",
    f"{'Left, Right':<24}Close and open a group (in the list)",
)
"""Lines for the dialog that lists the keys."""


class HistoryActions(QObject):
    """Connects the sidebar with what changes the history."""

    def __init__(
        self,
        sidebar: HistorySidebar,
        workspace: Workspace,
        state: StateBook,
        show: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        """`state` keeps which groups are collapsed; `show` makes the sidebar visible where it is hidden."""
        super().__init__(parent)
        self._sidebar = sidebar
        self._workspace = workspace
        self._history = workspace.history
        self._organizer = workspace.organizer
        self._show = show
        self._more: list[tuple[str, Callable[[list[str]], None]]] = []
        collapsed = state.get(COLLAPSED)
        if isinstance(collapsed, list):
            self._history.set_collapsed(key for key in collapsed if isinstance(key, str))
        self._history.collapsed_changed.connect(lambda keys: state.set(COLLAPSED, keys))
        sidebar.new_requested.connect(workspace.new)
        sidebar.open_requested.connect(workspace.open)
        sidebar.rename_requested.connect(self._organizer.rename)
        sidebar.folder_rename_requested.connect(self._organizer.rename_folder)
        sidebar.delete_requested.connect(self._organizer.delete)
        sidebar.archive_requested.connect(self._organizer.archive)
        sidebar.moved.connect(self._on_moved)
        sidebar.folder_moved.connect(self._organizer.move_folder)
        sidebar.new_folder_requested.connect(lambda: self._new_folder([]))
        sidebar.menu_requested.connect(self._on_menu)
        sidebar.folder_menu_requested.connect(self._on_folder_menu)
        sidebar.scope_changed.connect(self._on_scope)
        workspace.trash.changed.connect(self._count)
        for changed in (self._history.rowsInserted, self._history.rowsRemoved, self._history.modelReset):
            changed.connect(self._count)

    def _count(self) -> None:
        archived = sum(entry.archived for entry in self._history.entries())
        self._sidebar.show_counts(archived, self._workspace.trash.count)

    def _on_scope(self, scope: Scope) -> None:
        """The trash's list is made when it is first looked at."""
        if scope is not Scope.TRASH:
            return
        if not self._sidebar.has_trash:
            from coderapp.widgets.history_trash import HistoryTrash

            made = HistoryTrash(self._sidebar.theme, self._workspace.trash.model)
            made.restore_requested.connect(self._workspace.trash.restore)
            made.destroy_requested.connect(self._workspace.trash.destroy)
            self._sidebar.set_trash(made)
        self._workspace.trash.refresh()

    def add_command(self, text: str, act: Callable[[list[str]], None]) -> None:
        """One more thing that can be done with those that are selected: their ids go to `act`."""
        self._more.append((text, act))

    def fill(self, menu: QMenu) -> None:
        """The commands for the open conversation, or for what is selected while the list has the focus."""
        targets = self._sidebar.targets
        _add(menu, "&Rename…", self._rename, RENAME)
        self._pin = _add(menu, "&Pin", lambda: self._switch(targets(), pin=True), PIN)
        _add(menu, "&Move to a folder…", lambda: self._pick_folder(targets()), MOVE)
        _add(menu, "&Tags…", lambda: self._edit_tags(targets()), TAGS)
        _add(menu, "D&uplicate", lambda: self._organizer.duplicate(targets()), DUPLICATE)
        self._archive = _add(menu, "&Archive", lambda: self._switch(targets(), pin=False), ARCHIVE)
        _add(menu, "&Delete", lambda: self._organizer.delete(targets()), DELETE)
        menu.addSeparator()
        _add(menu, "New &folder", lambda: self._new_folder([]), NEW_FOLDER)
        menu.aboutToShow.connect(self._name_switches)

    def _name_switches(self) -> None:
        found = self._entries(self._sidebar.targets())
        self._pin.setText("Un&pin" if all(entry.pinned for entry in found) and found else "&Pin")
        self._archive.setText(
            "Take out of the &archive" if all(entry.archived for entry in found) and found else "&Archive"
        )

    def _entries(self, ids: list[str]) -> list[HistoryEntry]:
        return [entry for name in ids if (entry := self._history.get(name)) is not None]

    def _switch(self, ids: list[str], *, pin: bool) -> None:
        """On where one of them is not yet, off where all are."""
        found = self._entries(ids)
        on = not all(entry.pinned if pin else entry.archived for entry in found)
        (self._organizer.pin if pin else self._organizer.archive)(ids, on)

    def _rename(self) -> None:
        self._show()
        self._sidebar.rename_current()

    def _new_folder(self, ids: list[str]) -> None:
        """Makes it, and has the user type its name."""
        self._show()
        name = self._organizer.new_folder(ids=ids)
        self._sidebar.rename_folder(name)

    def _edit_tags(self, ids: list[str]) -> None:
        from coderapp.widgets.history_tags import TagsDialog

        found = self._entries(ids)
        if found:
            dialog = TagsDialog(found, self._history.tags, self._sidebar.window())
            dialog.chosen.connect(lambda add, remove: self._organizer.tag([e.id for e in found], add, remove))
            dialog.open()

    def _on_moved(self, ids: list[str], group: HistoryGroup) -> None:
        if group.kind is GroupKind.PINNED:
            self._organizer.pin(ids)
        elif group.folder:
            self._organizer.move(ids, group.folder)
        else:
            self._organizer.lay_down(ids)

    # menus

    def _on_menu(self, ids: list[str], at: QPoint) -> None:
        found = self._entries(ids)
        if not found:
            return
        one = len(found) == 1
        menu = self._menu()
        if one:
            menu.addAction("Open", lambda: self._workspace.open(ids[0]))
            _shown(menu.addAction("Rename…", lambda: self._sidebar.rename(ids[0])), RENAME)
        else:
            menu.addSection(f"{len(found)} conversations")
        pinned, archived = all(entry.pinned for entry in found), all(entry.archived for entry in found)
        _shown(menu.addAction("Unpin" if pinned else "Pin", lambda: self._organizer.pin(ids, not pinned)), PIN)
        self._fill_folders(menu.addMenu("Move to"), ids, found)
        _shown(menu.addAction("Tags…", lambda: self._edit_tags(ids)), TAGS)
        _shown(menu.addAction("Duplicate", lambda: self._organizer.duplicate(ids)), DUPLICATE)
        for text, act in self._more:
            menu.addAction(text, partial(act, ids))
        menu.addSeparator()
        words = "Take out of the archive" if archived else "Archive"
        _shown(menu.addAction(words, lambda: self._organizer.archive(ids, not archived)), ARCHIVE)
        _shown(menu.addAction("Delete", lambda: self._organizer.delete(ids)), "Del")
        menu.popup(at)

    def _pick_folder(self, ids: list[str]) -> None:
        found = self._entries(ids)
        if found:
            self._show()
            menu = self._menu()
            self._fill_folders(menu, ids, found)
            menu.popup(self._sidebar.mapToGlobal(self._sidebar.rect().center() / 2))

    def _fill_folders(self, menu: QMenu, ids: list[str], found: list[HistoryEntry]) -> None:
        for name in self._organizer.folders:
            action = menu.addAction(name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, folder=name: self._organizer.move(ids, folder))
            action.setCheckable(True)
            action.setChecked(all(entry.folder == name for entry in found))
        if self._organizer.folders:
            menu.addSeparator()
        if any(entry.folder for entry in found):
            menu.addAction("No folder", lambda: self._organizer.move(ids, ""))
        menu.addAction("New folder…", lambda: self._new_folder(ids))

    def _on_folder_menu(self, folder: str, at: QPoint) -> None:
        names = self._organizer.folders
        place = names.index(folder)
        after = names[place + 2] if place + 2 < len(names) else ""
        menu = self._menu()
        _shown(menu.addAction("Rename…", lambda: self._sidebar.rename_folder(folder)), RENAME)
        up = menu.addAction("Move up", lambda: self._organizer.move_folder(folder, names[place - 1]))
        up.setEnabled(place > 0)
        down = menu.addAction("Move down", lambda: self._organizer.move_folder(folder, after))
        down.setEnabled(place + 1 < len(names))
        menu.addSeparator()
        menu.addAction("Remove folder", lambda: self._organizer.remove_folder(folder))
        menu.popup(at)

    def _menu(self) -> QMenu:
        menu = QMenu(self._sidebar)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu


def _add(menu: QMenu, text: str, act: Act, keys: str) -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _=False: act())
    action.setShortcut(QKeySequence(keys))
    return action


def _shown(action: QAction, keys: str) -> None:
    """Names the keys of a command that has them elsewhere."""
    action.setText(f"{action.text()}\t{QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)}")
