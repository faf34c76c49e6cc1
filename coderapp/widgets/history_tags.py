"""The tags of one conversation or of several: known ones to tick, and a field for new ones."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from coderapp.qt.folder_book import clean
from coderapp.qt.history_entry import HistoryEntry
from coderapp.widgets import metrics

SOME, ALL, NONE = Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked, Qt.CheckState.Unchecked


class TagsDialog(QDialog):
    """Signal: `chosen(add, remove)`."""

    chosen = Signal(list, list)

    def __init__(self, entries: list[HistoryEntry], known: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        many = len(entries) > 1
        self.setWindowTitle(f"Tags of {len(entries)} conversations" if many else f"Tags of “{entries[0].title[:60]}”")
        self._before: dict[str, Qt.CheckState] = {}
        self._field = QLineEdit()
        self._field.setPlaceholderText("Add a tag; Enter adds it, commas part several")
        self._field.setAccessibleName("New tag")
        completer = QCompleter(known, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._field.setCompleter(completer)
        self._list = QListWidget()
        self._list.setAccessibleName("Tags")
        self._list.setSpacing(metrics.GAP_SMALL // 2)
        self._note = QLabel("No tags yet. What you type above becomes the first.")
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        for tag in known:
            count = sum(tag in entry.tags for entry in entries)
            self._put(tag, NONE if not count else ALL if count == len(entries) else SOME)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel | QDialogButtonBox.StandardButton.Ok)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("kind", "primary")
        for role in (QDialogButtonBox.StandardButton.Cancel, QDialogButtonBox.StandardButton.Ok):
            buttons.button(role).setAutoDefault(False)  # Enter adds what was typed
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        self._field.returnPressed.connect(self._on_return)
        rows = QVBoxLayout(self)
        for widget in (self._field, self._note, self._list, buttons):
            rows.addWidget(widget)
        self._note.setVisible(not known)
        self.resize(metrics.DIALOG_WIDTH * 2 // 3, metrics.DIALOG_WIDTH * 3 // 4)
        self._field.setFocus()

    def _put(self, tag: str, state: Qt.CheckState, *, known: bool = True) -> None:
        item = QListWidgetItem(tag)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(state)
        if known:
            self._before[tag] = state
            self._list.addItem(item)
        else:
            self._list.insertItem(0, item)

    def _add_typed(self) -> bool:
        """Ticks what stands in the field; whether something did."""
        typed = [tag for part in self._field.text().split(",") if (tag := clean(part).lstrip("#"))]
        for tag in typed:
            found = [self._list.item(row) for row in range(self._list.count())]
            same = next((item for item in found if item.text().casefold() == tag.casefold()), None)
            if same is not None:
                same.setCheckState(ALL)
                self._list.scrollToItem(same)
            else:
                self._put(tag, ALL, known=False)
        self._field.clear()
        self._note.hide()
        return bool(typed)

    def _on_return(self) -> None:
        """Adds what was typed; with nothing typed, it is done."""
        if not self._add_typed():
            self._on_ok()

    def _on_ok(self) -> None:
        self._add_typed()
        now = {self._list.item(row).text(): self._list.item(row).checkState() for row in range(self._list.count())}
        add = [tag for tag, state in now.items() if state is ALL and self._before.get(tag) is not ALL]
        remove = [tag for tag, state in now.items() if state is NONE and self._before.get(tag, NONE) is not NONE]
        if add or remove:
            self.chosen.emit(add, remove)
        self.accept()
