"""What is attached to a prompt, above its text: a chip for each file, in as many rows as it takes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from coderapp.core.attachments import byte_count, line_count, shown_name, size_words
from coderapp.core.message import FilePart
from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.qt.tips import plain_tip
from coderapp.widgets import metrics
from coderapp.widgets.flow import FlowLayout


class RemoveButton(QToolButton):
    """Delete and Backspace press it as Space and Enter do."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() in keys:
            self.click()
        else:
            super().keyPressEvent(event)


class Chip(QFrame):
    """One file: its name, its size, a button. Signal: `remove_requested()`."""

    remove_requested = Signal()

    def __init__(self, file: FilePart, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.file = file
        self.setObjectName("fileChip")
        name = shown_name(file.name)
        size, lines = size_words(byte_count(file.text)), line_count(file.text)
        told = f"{name}, {size}, {lines:,} {'line' if lines == 1 else 'lines'}"
        self.setAccessibleName(f"Attached file {told}")
        self.setToolTip(plain_tip(told))
        self._name = QLabel()
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        metrics_of_name = self._name.fontMetrics()
        self._name.setText(metrics_of_name.elidedText(name, Qt.TextElideMode.ElideMiddle, metrics.CHIP_NAME_WIDTH))
        self._size = QLabel(size)
        self._size.setProperty("kind", "muted")
        self.button = RemoveButton()
        self.button.setObjectName("chipRemove")
        self.button.setAccessibleName(f"Remove {name}")
        self.button.setToolTip("Remove (Delete)")
        self.button.setIconSize(QSize(metrics.ICON_SMALL, metrics.ICON_SMALL))
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.clicked.connect(self.remove_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.GAP, 1, 2, 1)
        row.setSpacing(metrics.GAP_SMALL + 2)
        row.addWidget(self._name)
        row.addWidget(self._size)
        row.addWidget(self.button)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.button.setIcon(icons.icon("close", theme.text_muted))
        self.setStyleSheet(
            f"#fileChip {{ background: {theme.surface_alt}; border: 1px solid {theme.border}; border-radius: 6px; }}"
            f"#chipRemove {{ padding: 2px; }}"
        )


class Attachments(QWidget):
    """The files of a prompt. Hidden while there are none. Signal: `changed()`: the user removed one, or one was added;
    `left()`: the last was removed by hand, and the focus is to go on.
    """

    changed = Signal()
    left = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chips: list[Chip] = []
        self._flow = FlowLayout(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Attached files")
        self.hide()

    @property
    def files(self) -> tuple[FilePart, ...]:
        return tuple(chip.file for chip in self._chips)

    @property
    def buttons(self) -> list[QToolButton]:
        """In the order in which Tab reaches them."""
        return [chip.button for chip in self._chips]

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for chip in self._chips:
            chip.set_theme(theme)

    def set_files(self, files: tuple[FilePart, ...]) -> None:
        """Shows other files; not reported as a change."""
        if files == self.files:
            return
        for chip in self._chips:
            self._drop(chip)
        self._chips = []
        for file in files:
            self._append(file)
        self.setVisible(bool(self._chips))

    def add(self, file: FilePart) -> None:
        self._append(file)
        self.show()
        self.changed.emit()

    def _append(self, file: FilePart) -> None:
        chip = Chip(file, self._theme, self)
        chip.remove_requested.connect(lambda: self._remove(chip))
        self._chips.append(chip)
        self._flow.addWidget(chip)
        chip.show()

    def _remove(self, chip: Chip) -> None:
        place = self._chips.index(chip)
        del self._chips[place]
        self._drop(chip)
        if self._chips:
            self._chips[min(place, len(self._chips) - 1)].button.setFocus()
        else:
            self.hide()
            self.left.emit()
        self.changed.emit()

    def _drop(self, chip: Chip) -> None:
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
