"""What came of an import: a window of its own that holds nothing up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from coderapp.core.importing import ImportDone
from coderapp.widgets import metrics

PLACES_HEIGHT = 140


class ImportedDialog(QDialog):
    """The headline, a line for each further sentence, and, where there are some, the places they are about."""

    def __init__(self, done: ImportDone, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(metrics.DIALOG_WIDTH - 60)
        rows = QVBoxLayout(self)
        rows.setSpacing(metrics.GAP)
        headline = _label(done.headline, "strong")
        headline.setObjectName("importHeadline")
        rows.addWidget(headline)
        for sentence in done.details:
            rows.addWidget(_label(sentence, ""))
        if done.places:
            rows.addSpacing(metrics.GAP_SMALL)
            rows.addWidget(_label("Where:", "muted"))
            places = QPlainTextEdit("\n".join(done.places))
            places.setReadOnly(True)
            places.setAccessibleName("Places of what was kept as raw text or was damaged")
            places.setTabChangesFocus(True)
            places.setMinimumHeight(PLACES_HEIGHT)
            rows.addWidget(places, 1)
        else:
            rows.addStretch(1)
        rows.addSpacing(metrics.GAP_SMALL)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        copy = self._buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setAutoDefault(False)
        told = "\n".join([done.headline, *done.details, *done.places])
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(told))
        self._buttons.rejected.connect(self.reject)
        rows.addWidget(self._buttons)
        close.setFocus()

    def offer_undo(self, undo: Callable[[], None]) -> QPushButton:
        """A button that takes the import back."""
        button = self._buttons.addButton("Undo the import", QDialogButtonBox.ButtonRole.ActionRole)
        button.setAutoDefault(False)

        def act() -> None:
            self.close()
            undo()

        button.clicked.connect(act)
        return button


def _label(text: str, kind: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setWordWrap(True)
    if kind:
        label.setProperty("kind", kind)
    return label
